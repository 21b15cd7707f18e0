using Microsoft.Extensions.Logging.Abstractions;
using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Packaging;
using Mirror.GpuTranscode.Publishing;
using Mirror.GpuTranscode.Tests.FFmpeg;
using Mirror.GpuTranscode.Tests.Workers;
using Mirror.GpuTranscode.Thumbnails;
using Mirror.GpuTranscode.Workers;
using Mirror.Media.Frames;
using Mirror.Streams.Feed;

namespace Mirror.GpuTranscode.Tests.Packaging;

public sealed class LadderEndTests : IAsyncDisposable
{
    private static readonly SourceMedia Media = SourceMedia.Make(LadderRun.Clip);
    private readonly Recorder _recorder = new();
    private readonly WorkerPool _pool = new(WorkerCommand.Find(), NullLogger<WorkerPool>.Instance);
    private readonly KeyFrameStills _stills;
    private readonly StreamPackager _packager;
    private int _sent;

    public LadderEndTests()
    {
        _stills = new KeyFrameStills(_pool);
        var publisher = new PartPublisher(_recorder, _recorder, TimeProvider.System, NullLogger<PartPublisher>.Instance);
        _packager = new StreamPackager("s", new PackageOptions(), publisher, TimeProvider.System, NullLogger<StreamPackager>.Instance);
        var options = new TranscodeOptions { MaxLag = TimeSpan.FromMinutes(1) };
        LadderWorker CreateWorker(ILadderOutput output) => new("s", options, output, _pool, new TranscodeBudget(64, 1), NullLogger<LadderWorker>.Instance);
        _packager.AddLadder(begin => new LadderPackager(TranscodingLadder.Default, begin, CreateWorker, _stills, TimeProvider.System), options.MaxLag);
        _packager.SetLayout(new FeedLayout(HasVideo: true, HasAudio: false));
    }

    public async ValueTask DisposeAsync()
    {
        _stills.Dispose();
        await _pool.DisposeAsync();
    }

    /// <summary>A worker that is seconds behind, on a busy machine, finishes what it was given.</summary>
    [Fact]
    public async Task What_a_late_worker_still_has_to_encode_comes_before_the_end()
    {
        Send(Media.Units.Count);
        await Waiting.UntilAsync(() => _packager.Ladder!.State.Renditions is [{ IsUp: true }], () => "the rendition is up", TimeSpan.FromMinutes(2));
        Send(14 * Media.Units.Count);                        // 28 s at once; more than 32 s would be marked as gaps
        _packager.End();
        await _packager.Ended;
        Assert.Equal(Sent(), _recorder.Samples("source").Select(static sample => sample.Presentation));
        Assert.Equal(Sent(), _recorder.Samples("360p").Select(static sample => sample.Presentation));
    }

    private IEnumerable<long> Sent()
    {
        long first = _recorder.Samples("source")[0].Presentation;
        return Enumerable.Range(0, _sent).Select(i => first + i * LadderRun.Frame90k);
    }

    private void Send(int pictures)
    {
        for (; pictures > 0; pictures--)
        {
            SourceMedia.Unit unit = Media.Units[_sent % Media.Units.Count];
            long pts90k = 90_000 + _sent++ * LadderRun.Frame90k;
            var picture = new AccessUnit
            {
                Track = Media.Track,
                Pts90k = pts90k,
                Dts90k = pts90k,
                Payload = MediaBuffer.CopyOf(unit.Payload),
                IsRandomAccess = unit.IsKey,
                FrameType = unit.IsKey ? FrameType.Key : FrameType.Predicted,
                ProgramTime = DateTime.UnixEpoch.AddSeconds(pts90k / 90_000.0),
                ReceivedTimestamp = TimeProvider.System.GetTimestamp(),
            };
            _packager.Write(picture);
            picture.Release();
        }
    }
}
