using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using Mirror.Media.Frames;
using Mirror.Streams.Serialization;

namespace Mirror.Streams.Feed;

/// <summary>Reads a feed (<see cref="FeedBox"/>) from bytes as they come, and calls a sink.</summary>
/// <remarks>
/// What cannot be read ends the feed: TCP delivers what was sent, so that a wrong byte means a sender that is broken or no sender of feeds.
/// The sink is called as units complete; <see cref="IFeedSink.End"/> is left to the caller, who knows whether another node goes on.
/// Not thread-safe.
/// </remarks>
/// <param name="sink">Where units go.</param>
/// <param name="time">Clock of this node.</param>
/// <param name="startsTimeline">The first unit of each track starts a timeline: the sink had units of another sender before.</param>
public sealed class FeedReader(IFeedSink sink, TimeProvider time, bool startsTimeline = false)
{
    private const long LargestTime90k = 1L << 50;            // four centuries
    private readonly Dictionary<int, Track> _tracks = [];
    private readonly HashSet<int> _begun = [];
    private UnitHeader _unit;
    private State _state;

    private enum State
    {
        /// <summary>Between boxes.</summary>
        Box,

        /// <summary>Behind a unit's header: moof, then mdat, are due.</summary>
        Fragment,
        Media,
    }

    /// <summary>The sender said that the stream is over.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Reads as many whole boxes as are there.</summary>
    /// <param name="bytes">What has come and was not consumed yet.</param>
    /// <returns>Bytes consumed; the caller gives the rest again, with more behind it.</returns>
    /// <exception cref="InvalidDataException">This is no feed, or a broken one.</exception>
    public long Read(in ReadOnlySequence<byte> bytes)
    {
        var reader = new SequenceReader<byte>(bytes);
        while (!HasEnded && TryReadBox(ref reader)) { }
        return reader.Consumed;
    }

    private bool TryReadBox(ref SequenceReader<byte> reader)
    {
        Span<byte> header = stackalloc byte[FeedBox.HeaderLength];
        if (!reader.TryCopyTo(header)) { return false; }
        long length = BinaryPrimitives.ReadUInt32BigEndian(header);
        uint type = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
        long most = MostBytesOf(type);
        if (length < FeedBox.HeaderLength || length > most) { throw new InvalidDataException($"A feed has no box of {length} bytes at this place."); }
        if (reader.Remaining < length) { return false; }
        ReadOnlySequence<byte> body = reader.UnreadSequence.Slice(FeedBox.HeaderLength, length - FeedBox.HeaderLength);
        reader.Advance(length);
        switch (_state)
        {
            case State.Fragment:
                _state = State.Media;
                break;
            case State.Media:
                _state = State.Box;
                ReadMedia(body);
                break;
            case State.Box when type == Uuid:
                ReadOwn(body);
                break;
        }
        return true;
    }

    private const uint Uuid = 0x7575_6964;
    private const uint Moof = 0x6D6F_6F66;
    private const uint Mdat = 0x6D64_6174;
    private const uint Ftyp = 0x6674_7970;
    private const uint Moov = 0x6D6F_6F76;

    /// <summary>The largest box of a type that may stand here; 0 for one that may not.</summary>
    private long MostBytesOf(uint type) => (_state, type) switch
    {
        (State.Box, Uuid) => FeedBox.LargestTrackJson + FeedBox.BodyOffset,
        (State.Box, Ftyp or Moov) => FeedBox.LargestMovieBox,
        (State.Fragment, Moof) => FeedBox.LargestFragmentHeader,
        (State.Media, Mdat) => FeedBox.HeaderLength + (long)_unit.PayloadLength,
        _ => 0,
    };

    private void ReadOwn(in ReadOnlySequence<byte> box)
    {
        const int Prefix = FeedBox.BodyOffset - FeedBox.HeaderLength;
        Span<byte> prefix = stackalloc byte[Prefix];
        if (box.Length < Prefix) { throw new InvalidDataException("A uuid box is too short."); }
        box.Slice(0, Prefix).CopyTo(prefix);
        if (!prefix[..^1].SequenceEqual(FeedBox.UserType)) { return; }               // somebody else's
        ReadOnlySequence<byte> body = box.Slice(Prefix);
        switch ((FeedBoxKind)prefix[^1])
        {
            case FeedBoxKind.Layout:
                sink.SetLayout(ReadLayout(body));
                break;
            case FeedBoxKind.Track:
                Track track = ReadTrack(body);
                _tracks[track.Id] = track;
                break;
            case FeedBoxKind.Unit:
                _unit = ReadUnit(body);
                _state = State.Fragment;
                break;
            case FeedBoxKind.Interrupted:
                sink.Interrupt();
                break;
            case FeedBoxKind.Ended:
                HasEnded = true;
                break;
        }                                                    // Alive, and what later versions add, says nothing here
    }

    private static FeedLayout ReadLayout(in ReadOnlySequence<byte> body)
    {
        if (body.Length != 1) { throw new InvalidDataException("A feed's layout has another length."); }
        byte flags = body.FirstSpan[0];
        return new FeedLayout((flags & 1) != 0, (flags & 2) != 0) { MoreAudio = flags >> 2 };
    }

    private static Track ReadTrack(in ReadOnlySequence<byte> body)
    {
        try
        {
            var json = new Utf8JsonReader(body);
            Track? track = JsonSerializer.Deserialize(ref json, StreamsJson.Default.Track);
            return track is VideoTrack { Width: > 0, Height: > 0 } or AudioTrack { SampleRate: > 0 } && track.CodecString is not null
                ? track
                : throw new InvalidDataException("A feed's track has no size, or no sample rate.");
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or ArgumentException) { throw new InvalidDataException($"A feed's track cannot be read: {error.Message}", error); }
    }

    private UnitHeader ReadUnit(in ReadOnlySequence<byte> box)
    {
        Span<byte> body = stackalloc byte[FeedBox.UnitBodyLength];
        if (box.Length != body.Length) { throw new InvalidDataException("A feed's unit header has another length."); }
        box.CopyTo(body);
        int length = BinaryPrimitives.ReadInt32BigEndian(body[38..]);
        long programTime = BinaryPrimitives.ReadInt64BigEndian(body[20..]);
        int samples = BinaryPrimitives.ReadInt32BigEndian(body[32..]);
        long pts90k = BinaryPrimitives.ReadInt64BigEndian(body[4..]);
        long dts90k = BinaryPrimitives.ReadInt64BigEndian(body[12..]);
        bool isSound = pts90k >= dts90k && dts90k > -LargestTime90k && pts90k < LargestTime90k && length is >= 0 and <= FeedBox.LargestPayload && samples >= 0 && body[36] <= (byte)FrameType.Bidirectional
            && programTime >= DateTime.MinValue.Ticks && programTime <= DateTime.MaxValue.Ticks;
        if (!isSound) { throw new InvalidDataException("A feed's unit header is out of range."); }
        if (!_tracks.TryGetValue(BinaryPrimitives.ReadInt32BigEndian(body), out Track? track)) { throw new InvalidDataException("A feed's unit is of a track that was not declared."); }
        return new UnitHeader(track, pts90k, dts90k, new DateTime(programTime, DateTimeKind.Utc), BinaryPrimitives.ReadUInt32BigEndian(body[28..]), samples, (FrameType)body[36], (FeedUnitFlags)body[37], length);
    }

    private void ReadMedia(in ReadOnlySequence<byte> payload)
    {
        if (payload.Length != _unit.PayloadLength) { throw new InvalidDataException("A feed's media is not as long as its unit."); }
        MediaBuffer buffer = MediaBuffer.Rent(_unit.PayloadLength);
        payload.CopyTo(buffer.GetSpan(_unit.PayloadLength));
        buffer.Advance(_unit.PayloadLength);
        var unit = new AccessUnit
        {
            Track = _unit.Track,
            Pts90k = _unit.Pts90k,
            Dts90k = _unit.Dts90k,
            Payload = buffer,
            SampleCount = _unit.SampleCount,
            FrameType = _unit.FrameType,
            IsRandomAccess = _unit.Flags.HasFlag(FeedUnitFlags.RandomAccess),
            IsDisposable = _unit.Flags.HasFlag(FeedUnitFlags.Disposable),
            StartsDiscontinuity = _unit.Flags.HasFlag(FeedUnitFlags.Discontinuity) || (startsTimeline && _begun.Add(_unit.Track.Id)),
            ProgramTime = _unit.ProgramTime,
            ReceivedTimestamp = Math.Max(1, time.GetTimestamp() - (long)(_unit.AgeMicroseconds / 1e6 * time.TimestampFrequency)),
        };
        sink.Write(unit);
        unit.Release();
    }

    private readonly record struct UnitHeader(Track Track, long Pts90k, long Dts90k, DateTime ProgramTime, uint AgeMicroseconds, int SampleCount, FrameType FrameType,
        FeedUnitFlags Flags, int PayloadLength);
}
