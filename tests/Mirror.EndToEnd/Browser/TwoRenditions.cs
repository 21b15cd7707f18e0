using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Mirror.GpuTranscode.Packaging;
using Mirror.GpuTranscode.Publishing;
using Mirror.IngestNode.Demux;
using Mirror.Media.Frames;
using Mirror.Streams.Announcements;
using Mirror.Streams.Feed;
using Mirror.Streams.Store;

namespace Mirror.EndToEnd.Browser;

/// <summary>A stream of two renditions that were encoded beforehand, published at the pace of time: what a ladder makes, at no cost while a browser plays.</summary>
/// <remarks>Pictures are number for number the same, key frames too, so both are cut at the same places.</remarks>
internal sealed class TwoRenditions : IAsyncDisposable
{
    public const string Low = "180p";
    public const int LowHeight = 180;
    public const int SourceHeight = 360;
    public const int FrameRate = 30;
    private const int FirstLead = 10;                        // pictures published at once, as a buffer of an encoder would be
    private static readonly TimeSpan Frame = TimeSpan.FromSeconds(1.0 / FrameRate);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<AccessUnit> _units = [];
    private readonly List<AccessUnit> _others = [];          // the same sound once more, which is not published
    private readonly VideoPackager _source;
    private readonly VideoPackager _low;
    private readonly AudioPackager _audio;
    private readonly Task _publishing;

    private TwoRenditions(MirrorServer server, string stream, List<AccessUnit> source, List<AccessUnit> low)
    {
        _units.AddRange(source);
        _units.AddRange(low.Where(unit => unit.Track is VideoTrack));
        _others.AddRange(low.Where(unit => unit.Track is AudioTrack));
        var publisher = new PartPublisher(server.Services.GetRequiredService<ISegmentStore>(), server.Services.GetRequiredService<IAnnouncements>(), TimeProvider.System,
            NullLogger<PartPublisher>.Instance);
        long firstMsn = RenditionPlan.FirstMsnAt(DateTime.UtcNow);
        RenditionPackager Rendition(string name, Track track, uint timescale, TimeSpan frame)
            => new(new RenditionPlan(new RenditionKey(stream, name), track is VideoTrack, timescale, RenditionPlan.PartTargetFor(PartDuration, FrameRhythm.Even(frame)), 1, firstMsn, 0), track, publisher);

        var cuts = new CutSchedule();
        _source = new VideoPackager(Rendition("source", source.First(unit => unit.Track is VideoTrack).Track, 90_000, Frame), [cuts], SegmentDuration, FrameRhythm.Even(Frame), stream, NullLogger.Instance);
        _low = new VideoPackager(Rendition(Low, low.First(unit => unit.Track is VideoTrack).Track, 90_000, Frame), [], SegmentDuration, FrameRhythm.Even(Frame), stream, NullLogger.Instance);
        AccessUnit sound = source.First(unit => unit.Track is AudioTrack);
        int rate = ((AudioTrack)sound.Track).SampleRate;
        _audio = new AudioPackager(Rendition("audio", sound.Track, (uint)rate, TimeSpan.FromSeconds((double)sound.SampleCount / rate)), cuts, new CutRelay(), SegmentDuration);
        _publishing = Task.Run(PublishAsync);
    }

    private static TimeSpan PartDuration => TimeSpan.FromMilliseconds(100);

    private static TimeSpan SegmentDuration => TimeSpan.FromMilliseconds(500);

    /// <summary>Encodes <paramref name="seconds"/> and starts to publish them.</summary>
    public static async Task<TwoRenditions> StartAsync(MirrorServer server, string stream, int seconds)
    {
        string folder = Directory.CreateTempSubdirectory("mirror-renditions-").FullName;
        try
        {
            string source = Path.Combine(folder, "source.ts");
            string low = Path.Combine(folder, "low.ts");
            const string Encoder = "-c:v libx264 -preset ultrafast -tune zerolatency -g 15 -keyint_min 15 -sc_threshold 0 -pix_fmt yuv420p";
            await Tool.RunAsync("ffmpeg",
                $"-v error -f lavfi -i testsrc2=size=640x{SourceHeight}:rate={FrameRate} -f lavfi -i sine=frequency=440:sample_rate=48000 -t {seconds} "
                + $"-map 0:v -map 1:a {Encoder} -b:v 1200k -c:a aac -b:a 96k -ac 2 -f mpegts {source} "
                + $"-map 0:v -map 1:a -t {seconds} -s 320x{LowHeight} {Encoder} -b:v 300k -c:a aac -b:a 64k -ac 2 -f mpegts {low}");      // sound shifts the start
            return new TwoRenditions(server, stream, await DemuxAsync(source), await DemuxAsync(low));
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _publishing;
        foreach (AccessUnit unit in _units.Concat(_others)) { unit.Release(); }
        _stop.Dispose();
    }

    private static async Task<List<AccessUnit>> DemuxAsync(string file)
    {
        var units = new Units();
        using var demuxer = new TransportStreamDemuxer(units, new TransportStreamDemuxerOptions(), NullLogger.Instance);
        demuxer.Write(await File.ReadAllBytesAsync(file), receivedTimestamp: 0, DateTime.UtcNow);
        demuxer.Flush();
        return units.All;
    }

    private async Task PublishAsync()
    {
        long zero90k = _units[0].Dts90k;
        DateTime started = DateTime.UtcNow;
        AccessUnit[] order = [.. _units.OrderBy(unit => unit.Dts90k)];
        VideoTrack source = (VideoTrack)_units[0].Track;
        var clock = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        try
        {
            foreach (AccessUnit unit in order)
            {
                while (TimeSpan.FromSeconds((unit.Dts90k - zero90k) / 90_000.0) - FirstLead * Frame > clock.Elapsed) { await timer.WaitForNextTickAsync(_stop.Token); }
                AccessUnit dated = Dated(unit, started - FirstLead * Frame, zero90k);
                if (unit.Track is AudioTrack) { _audio.Write(dated, _source); }
                else if (((VideoTrack)unit.Track).Height != source.Height) { _low.Write(dated); }
                else
                {
                    _source.Write(dated);
                    _audio.OnVideo(_source);
                }
            }
        }
        catch (OperationCanceledException) { }
        _audio.Rendition.End();
        _low.Rendition.End();
        _source.Rendition.End();
    }

    /// <summary>The unit at its time of today.</summary>
    private static AccessUnit Dated(AccessUnit unit, DateTime started, long zero90k) => new()
    {
        Track = unit.Track,
        Pts90k = unit.Pts90k,
        Dts90k = unit.Dts90k,
        Payload = unit.Payload,
        SampleCount = unit.SampleCount,
        FrameType = unit.FrameType,
        IsRandomAccess = unit.IsRandomAccess,
        IsDisposable = unit.IsDisposable,
        ProgramTime = started + TimeSpan.FromSeconds((unit.Pts90k - zero90k) / 90_000.0),
    };

    private sealed class Units : IAccessUnitHandler
    {
        public List<AccessUnit> All { get; } = [];

        public void OnLayout(FeedLayout layout)
        {
        }

        public void OnAccessUnit(AccessUnit unit) => All.Add(unit.Retain());
    }
}
