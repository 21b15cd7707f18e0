using Microsoft.Extensions.Logging.Abstractions;
using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Packaging;
using Mirror.GpuTranscode.Thumbnails;
using Mirror.GpuTranscode.Workers;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.Packaging;

public sealed class LadderPackagerTests : IAsyncDisposable
{
    private static readonly VideoTrack Small = Source.VideoOf(160, 90);
    private readonly WorkerPool _pool = new(WorkerCommand.Find(), NullLogger<WorkerPool>.Instance);
    private readonly KeyFrameStills _stills;
    private readonly LadderPackager _ladder;

    public LadderPackagerTests()
    {
        _stills = new KeyFrameStills(_pool);
        var begin = new RenditionStarts((_, _) => throw new InvalidOperationException(), (_, _, _) => throw new InvalidOperationException());
        _ladder = new LadderPackager(TranscodingLadder.Default, begin, CreateWorker, _stills, TimeProvider.System);
    }

    private IEnumerable<string> Rungs => _ladder.State.Renditions.Select(rendition => rendition.Name);

    public async ValueTask DisposeAsync()
    {
        await _ladder.EndAsync();
        _stills.Dispose();
        await _pool.DisposeAsync();
    }

    [Fact]
    public void A_small_source_with_key_frames_needs_no_rung()
    {
        Prepare(FrameType.Key, FrameType.Key);
        Assert.Empty(Rungs);
    }

    [Theory]
    [InlineData(FrameType.Intra)]                            // an open GOP
    [InlineData(FrameType.Predicted)]                        // intra refresh
    public void A_small_source_without_key_frames_gets_one(FrameType start)
    {
        Prepare(start, start);
        Assert.Equal(["360p"], Rungs);
    }

    [Fact]
    public void A_small_source_whose_only_key_frame_is_its_first_gets_one_later()
    {
        Prepare(FrameType.Key);
        Assert.Empty(Rungs);
        Prepare(FrameType.Predicted);
        Assert.Equal(["360p"], Rungs);
    }

    [Theory]
    [InlineData(2.9, false)]
    [InlineData(3.1, true)]
    public void A_small_source_whose_key_frames_come_seldom_gets_one(double seconds, bool isEncoded)
    {
        Prepare(FrameType.Key, isRandomAccess: true);
        Prepare(FrameType.Predicted, isRandomAccess: false, (long)(seconds * 90_000));
        Assert.Equal(isEncoded ? ["360p"] : [], Rungs);
    }

    [Fact]
    public void What_is_encoded_stays_when_key_frames_come_again()
    {
        Prepare(FrameType.Predicted, FrameType.Key, FrameType.Key);
        Assert.Equal(["360p"], Rungs);
    }

    /// <summary>Hands over random access points of these kinds, each with a picture behind it.</summary>
    private void Prepare(params FrameType[] starts)
    {
        foreach (FrameType start in starts)
        {
            Prepare(start, isRandomAccess: true);
            Prepare(FrameType.Predicted, isRandomAccess: false);
        }
    }

    private void Prepare(FrameType type, bool isRandomAccess, long at90k = 0)
    {
        var unit = new AccessUnit { Track = Small, Pts90k = at90k, Dts90k = at90k, Payload = MediaBuffer.CopyOf([1]), FrameType = type, IsRandomAccess = isRandomAccess };
        _ladder.Prepare(Small, unit);
        unit.Release();
    }

    /// <summary>One that has no cores to encode anything.</summary>
    private LadderWorker CreateWorker(ILadderOutput output)
        => new("s", new TranscodeOptions(), output, _pool, new TranscodeBudget(1, 0.0001), NullLogger<LadderWorker>.Instance);
}
