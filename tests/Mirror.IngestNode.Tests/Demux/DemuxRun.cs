using System.Buffers.Binary;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Mirror.IngestNode.Demux;
using Mirror.Media.Codecs.Av1;
using Mirror.Media.Frames;
using Mirror.Streams.Feed;

namespace Mirror.IngestNode.Tests.Demux;

/// <summary>What a demuxer delivered, copied, with the rules of access units checked on every one.</summary>
internal sealed class DemuxRun : IAccessUnitHandler, IDisposable
{
    public static readonly DateTime Start = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private readonly Dictionary<int, long> _lastDts = [];
    private readonly List<MediaBuffer> _buffers = [];
    private long _clock;

    public DemuxRun(TransportStreamDemuxerOptions? options = null, ILogger? logger = null)
        => Demuxer = new TransportStreamDemuxer(this, options ?? new(), logger ?? NullLogger.Instance);

    public TransportStreamDemuxer Demuxer { get; }

    public List<FeedLayout> Layouts { get; } = [];

    public List<Unit> Units { get; } = [];

    public IEnumerable<Unit> Video => Units.Where(u => u.Track is VideoTrack);

    public IEnumerable<Unit> Audio => Units.Where(u => u.Track is AudioTrack);

    public DemuxStats Stats => Demuxer.Stats;

    /// <summary>The first units wait until their date is known, as they do in a server; otherwise each write passes them on.</summary>
    public bool WaitsForDates { get; init; }

    /// <summary>Samples may hold parameter sets: the stream changes them.</summary>
    public bool AllowsParameterSets { get; init; }

    /// <summary>Units delivered are kept with their bytes; off for long runs.</summary>
    public bool KeepsUnits { get; init; } = true;

    public int UnitCount { get; private set; }

    public sealed record Unit(Track Track, long Pts, long Dts, FrameType FrameType, bool IsRandomAccess, bool IsDisposable, bool StartsDiscontinuity, int SampleCount,
        DateTime ProgramTime, long Received, byte[] Payload)
    {
        public IEnumerable<byte[]> NalUnits()
        {
            for (int position = 0; position < Payload.Length;)
            {
                int length = BinaryPrimitives.ReadInt32BigEndian(Payload.AsSpan(position));
                yield return Payload[(position + 4)..(position + 4 + length)];
                position += 4 + length;
            }
        }
    }

    /// <summary>Writes in pieces; the wall clock advances a millisecond a piece unless given.</summary>
    public DemuxRun Write(ReadOnlySpan<byte> bytes, int pieceSize = 1316, TimeSpan? pieceDuration = null)
    {
        while (!bytes.IsEmpty)
        {
            int length = Math.Min(pieceSize, bytes.Length);
            _clock += (pieceDuration ?? TimeSpan.FromMilliseconds(1)).Ticks;
            Demuxer.Write(bytes[..length], _clock, Start.AddTicks(_clock));
            bytes = bytes[length..];
        }
        if (!WaitsForDates) { Demuxer.Flush(); }
        return this;
    }

    /// <summary>Nothing arrives for a time.</summary>
    public void Pass(TimeSpan duration) => _clock += duration.Ticks;

    public void OnLayout(FeedLayout layout) => Layouts.Add(layout);

    public void OnAccessUnit(AccessUnit unit)
    {
        UnitCount++;
        int id = unit.Track.Id;
        Assert.NotEmpty(Layouts);
        Assert.True(unit.Dts90k <= unit.Pts90k, "DTS behind PTS");
        if (!unit.StartsDiscontinuity && _lastDts.TryGetValue(id, out long last)) { Assert.True(unit.Dts90k > last, $"track {id}: DTS {unit.Dts90k} after {last}"); }
        _lastDts[id] = unit.Dts90k;
        Assert.True(unit.Payload.Length > 0);
        if (unit.Track.Codec is Codec.H264 or Codec.H265) { CheckNalUnits(unit); }
        else if (unit.Track.Codec == Codec.Mpeg2Video) { Assert.Equal([0, 0, 1], unit.Payload.Span[..3].ToArray()); }
        else if (unit.Track.Codec == Codec.Av1) { CheckObus(unit); }
        if (unit.Track is AudioTrack)
        {
            Assert.True(unit.SampleCount > 0);
            Assert.Equal(unit.Pts90k, unit.Dts90k);
        }
        if (unit.StartsDiscontinuity) { Assert.True(unit.IsRandomAccess); }
        if (!KeepsUnits) { return; }
        _buffers.Add(unit.Payload);
        Units.Add(new Unit(unit.Track, unit.Pts90k, unit.Dts90k, unit.FrameType, unit.IsRandomAccess, unit.IsDisposable, unit.StartsDiscontinuity, unit.SampleCount,
            unit.ProgramTime, unit.ReceivedTimestamp, unit.Payload.Span.ToArray()));
    }

    /// <summary>Every buffer that was delivered has gone back to the pool, since nothing here retained it.</summary>
    public void AssertAllReleased() => Assert.All(_buffers, buffer => Assert.False(buffer.TryRetain()));

    public void Dispose()
    {
        Demuxer.Dispose();
        AssertAllReleased();
    }

    private static void CheckObus(AccessUnit unit)
    {
        ReadOnlySpan<byte> rest = unit.Payload.Span;
        while (!rest.IsEmpty)
        {
            byte header = rest[0];
            Assert.Equal(2, header & 2);                     // each has its size
            Assert.True(Av1Obu.TryRead(ref rest, out Av1Obu obu));
            Assert.DoesNotContain(obu.Type, new[] { Av1ObuType.TemporalDelimiter, Av1ObuType.TileList, Av1ObuType.Padding, Av1ObuType.RedundantFrameHeader });
        }
    }

    private void CheckNalUnits(AccessUnit unit)
    {
        ReadOnlySpan<byte> rest = unit.Payload.Span;
        while (!rest.IsEmpty)
        {
            Assert.True(rest.Length >= 5);
            int length = BinaryPrimitives.ReadInt32BigEndian(rest);
            Assert.InRange(length, 1, rest.Length - 4);
            byte header = rest[4];
            if (AllowsParameterSets)
            {
                rest = rest[(4 + length)..];
                continue;
            }
            if (unit.Track.Codec == Codec.H264) { Assert.DoesNotContain(header & 0x1F, new[] { 7, 8, 9, 12, 13, 15 }); }
            else { Assert.DoesNotContain((header >> 1) & 0x3F, new[] { 32, 33, 34, 35, 38 }); }
            rest = rest[(4 + length)..];
        }
    }
}
