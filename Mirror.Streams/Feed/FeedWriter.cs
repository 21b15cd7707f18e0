using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using Mirror.Media.Cmaf;
using Mirror.Media.Frames;
using Mirror.Streams.Serialization;

namespace Mirror.Streams.Feed;

/// <summary>Writes one reader's feed (<see cref="FeedBox"/>): formats before the first unit that has them, each unit as a fragment of one sample.</summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class FeedWriter(IBufferWriter<byte> output, TimeProvider time)
{
    private const uint UsualFrame90k = 3_000;                // 30 fps, where the format doesn't say; for other readers only
    private readonly List<Track> _tracks = [];
    private uint _sequenceNumber;

    /// <summary>Which kinds of track to expect.</summary>
    public void WriteLayout(FeedLayout layout)
    {
        Span<byte> box = Begin(FeedBoxKind.Layout, 1);
        box[FeedBox.BodyOffset] = (byte)((layout.HasVideo ? 1 : 0) | (layout.HasAudio ? 2 : 0) | layout.MoreAudio << 2);
        output.Advance(FeedBox.BodyOffset + 1);
    }

    /// <summary>Says which tracks are coming, where it is known: programs that know MP4 alone take them from the first moov and no other.</summary>
    public void Declare(IEnumerable<Track> tracks)
    {
        ArgumentNullException.ThrowIfNull(tracks);
        foreach (Track track in tracks)
        {
            if (_tracks.Exists(known => known.Id == track.Id)) { continue; }
            _tracks.Add(track);
            WriteTrack(track);
        }
        WriteMovie();
    }

    /// <summary>Everything of a unit but its payload, which follows directly: <see cref="AccessUnit.Payload"/>.</summary>
    public void WriteHeader(AccessUnit unit)
    {
        ArgumentNullException.ThrowIfNull(unit);
        DeclareTrack(unit.Track);
        WriteUnit(unit);
        var sample = new Sample(unit.Payload.Length, Duration90k(unit), (int)(unit.Pts90k - unit.Dts90k), FlagsOf(unit));
        ReadOnlySpan<Sample> samples = [sample];
        int length = Chunk.HeaderSize(samples);
        Chunk.WriteHeader(output.GetSpan(length), ++_sequenceNumber, (ulong)(unit.Dts90k + FeedBox.TimeOffset90k), samples, (uint)unit.Track.Id);
        output.Advance(length);
    }

    /// <summary>The publisher is gone and may come back.</summary>
    public void WriteInterrupted() => WriteEmpty(FeedBoxKind.Interrupted);

    /// <summary>The stream is over.</summary>
    public void WriteEnded() => WriteEmpty(FeedBoxKind.Ended);

    /// <summary>There is nothing new, and the sender lives.</summary>
    public void WriteAlive() => WriteEmpty(FeedBoxKind.Alive);

    private void DeclareTrack(Track track)
    {
        int index = _tracks.FindIndex(known => known.Id == track.Id);
        if (index >= 0 && ReferenceEquals(_tracks[index], track)) { return; }
        if (index < 0) { _tracks.Add(track); }
        else
        {
            bool isSame = _tracks[index] == track;
            _tracks[index] = track;
            if (isSame) { return; }
        }
        WriteTrack(track);
        WriteMovie();
    }

    private void WriteTrack(Track track)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(track, StreamsJson.Default.Track);
        Begin(FeedBoxKind.Track, json.Length);
        output.Advance(FeedBox.BodyOffset);
        output.Write(json);
    }

    private void WriteMovie()
        => output.Write(InitSegment.Write([.. _tracks.Where(known => known.Codec.IsDeliverable()).Select(known => (known, (uint)known.Id))], FeedBox.Timescale));

    private void WriteUnit(AccessUnit unit)
    {
        Span<byte> body = Begin(FeedBoxKind.Unit, FeedBox.UnitBodyLength)[FeedBox.BodyOffset..];
        FeedUnitFlags flags = (unit.IsRandomAccess ? FeedUnitFlags.RandomAccess : FeedUnitFlags.None) | (unit.IsDisposable ? FeedUnitFlags.Disposable : FeedUnitFlags.None)
            | (unit.StartsDiscontinuity ? FeedUnitFlags.Discontinuity : FeedUnitFlags.None);
        double age = unit.ReceivedTimestamp == 0 ? 0 : time.GetElapsedTime(unit.ReceivedTimestamp).TotalMicroseconds;
        BinaryPrimitives.WriteInt32BigEndian(body, unit.Track.Id);
        BinaryPrimitives.WriteInt64BigEndian(body[4..], unit.Pts90k);
        BinaryPrimitives.WriteInt64BigEndian(body[12..], unit.Dts90k);
        BinaryPrimitives.WriteInt64BigEndian(body[20..], unit.ProgramTime.Ticks);
        BinaryPrimitives.WriteUInt32BigEndian(body[28..], (uint)Math.Clamp(age, 0, uint.MaxValue));
        BinaryPrimitives.WriteInt32BigEndian(body[32..], unit.SampleCount);
        body[36] = (byte)unit.FrameType;
        body[37] = (byte)flags;
        BinaryPrimitives.WriteInt32BigEndian(body[38..], unit.Payload.Length);
        output.Advance(FeedBox.BodyOffset + FeedBox.UnitBodyLength);
    }

    private void WriteEmpty(FeedBoxKind kind)
    {
        Begin(kind, 0);
        output.Advance(FeedBox.BodyOffset);
    }

    /// <summary>The start of a box, and room for its body behind it.</summary>
    private Span<byte> Begin(FeedBoxKind kind, int bodyLength)
    {
        Span<byte> box = output.GetSpan(FeedBox.BodyOffset + bodyLength);
        BinaryPrimitives.WriteInt32BigEndian(box, FeedBox.BodyOffset + bodyLength);
        "uuid"u8.CopyTo(box[4..]);
        FeedBox.UserType.CopyTo(box[FeedBox.HeaderLength..]);
        box[FeedBox.KindOffset] = (byte)kind;
        return box;
    }

    private static uint Duration90k(AccessUnit unit) => unit.Track switch
    {
        AudioTrack audio when unit.SampleCount > 0 => (uint)((long)unit.SampleCount * FeedBox.Timescale / audio.SampleRate),
        VideoTrack { FrameRate.IsKnown: true } video => (uint)Math.Round(FeedBox.Timescale / video.FrameRate.Value),
        _ => UsualFrame90k,
    };

    private static uint FlagsOf(AccessUnit unit)
        => unit.Track is AudioTrack || unit.IsRandomAccess ? SampleFlags.Sync : unit.IsDisposable ? SampleFlags.Disposable : SampleFlags.NonSync;
}
