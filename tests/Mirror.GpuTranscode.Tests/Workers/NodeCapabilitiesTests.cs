using Microsoft.Extensions.Logging.Abstractions;
using Mirror.GpuTranscode.Tests.FFmpeg;
using Mirror.GpuTranscode.Workers;
using Mirror.Streams.Transcoding;

namespace Mirror.GpuTranscode.Tests.Workers;

public sealed class NodeCapabilitiesTests
{
    [Fact]
    public async Task A_worker_finds_out_once_what_the_machine_can_do()
    {
        await using var pool = new WorkerPool(WorkerCommand.Find(), NullLogger<WorkerPool>.Instance);
        NodeCapabilities capabilities = Over(pool, out TranscodeBudget budget);
        TranscodeCapabilities found = await capabilities.GetAsync(CancellationToken.None);
        Assert.True(found.IsAvailable, found.Reason);
        Assert.Contains("h264", found.Decoders);
        Assert.Contains("libx264", found.Encoders);
        Assert.Equal((0, 0.0), (found.Streams, found.CoresInUse));
        Task<TranscodeCapabilities> probe = capabilities.Probe();
        budget.TryReserve(this, SourceMedia.Make(LadderRun.Clip).Track, LadderRun.Rungs);
        TranscodeCapabilities again = await capabilities.GetAsync(CancellationToken.None);
        Assert.Same(probe, capabilities.Probe());
        Assert.Equal(1, again.Streams);
        Assert.True(again.CoresInUse > 0);
    }

    [Fact]
    public async Task Without_a_worker_it_says_why_and_asks_again()
    {
        await using var pool = new WorkerPool(new WorkerCommand("/bin/false", []), NullLogger<WorkerPool>.Instance);
        NodeCapabilities capabilities = Over(pool, out _);
        TranscodeCapabilities found = await capabilities.GetAsync(CancellationToken.None);
        Assert.False(found.IsAvailable);
        Assert.Contains("exit code 1", found.Reason);
        Task<TranscodeCapabilities> second = capabilities.Probe();
        await second;
        Assert.NotSame(second, capabilities.Probe());
    }

    [Fact]
    public async Task A_worker_makes_a_picture_of_one_key_frame()
    {
        SourceMedia media = SourceMedia.Make(LadderRun.Clip);
        await using WorkerProcess worker = await WorkerProcess.StartAsync(WorkerCommand.Find(), NullLogger.Instance, CancellationToken.None);
        await worker.SendAsync(WorkerProtocol.WriteStill(5, media.Track, media.Units[0].Payload), CancellationToken.None);
        byte[] jpeg = [];
        Assert.True(await worker.ReceiveAsync(WorkerMessageType.Image, payload => jpeg = payload.Span.ToArray(), CancellationToken.None));
        string file = SourceMedia.NewFile("jpg");
        await File.WriteAllBytesAsync(file, jpeg);
        Assert.Equal("mjpeg,640,360", FFmpegProgram.Probe($"-show_entries stream=codec_name,width,height -of csv=p=0 {file}")[0]);
    }

    private static NodeCapabilities Over(WorkerPool pool, out TranscodeBudget budget)
    {
        budget = new TranscodeBudget(2, 1);
        return new NodeCapabilities(pool, budget, new GpuPool(new TranscodeOptions()), NullLogger<NodeCapabilities>.Instance);
    }
}
