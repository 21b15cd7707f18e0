using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Packaging;
using Mirror.GpuTranscode.Tests.Packaging;
using Mirror.GpuTranscode.Tests.Workers;
using Mirror.GpuTranscode.Thumbnails;
using Mirror.GpuTranscode.Workers;
using Mirror.Media.Frames;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Announcements;
using Mirror.Streams.Feed;
using Mirror.Streams.Shared;
using Mirror.Streams.Transcoding;

namespace Mirror.GpuTranscode.Tests;

/// <summary>The streams of a node, each of which may come again under its name.</summary>
public sealed class TranscodeNodeTests
{
    private static readonly TimeSpan LongerThanADrain = TimeSpan.FromSeconds(4);

    private const int Gop = 15;
    private const long Frame90k = 90_000 / 30;

    [Fact]
    public async Task A_stream_that_comes_again_at_once_ends_its_former_renditions_before_the_new_ones_begin()
    {
        var time = new ManualTime();
        var recorder = new Recorder();
        await using var pool = new WorkerPool(new WorkerCommand("/bin/false", []), NullLogger<WorkerPool>.Instance);   // no worker answers: a stream waits for its drain in vain
        await using TranscodeNode node = NodeOn(time, recorder, pool);

        IFeedSink first = node.Open("s");
        SendTwoSegments(first);
        first.End();
        IFeedSink second = node.Open("s");
        SendTwoSegments(second);
        Task ended = TranscodeNode.CloseAsync(first, isHandedOver: false);
        bool waits = !ended.IsCompleted;
        time.Advance(LongerThanADrain);
        await ended;
        Type[] told = [.. recorder.Announcements.Where(announcement => announcement.Rendition.Rendition == "360p").Select(announcement => announcement.GetType())];
        second.End();
        time.Advance(LongerThanADrain);

        Assert.True(waits);
        Assert.Equal([typeof(RenditionStarted), typeof(RenditionEnded), typeof(RenditionStarted)], told);
    }

    [Fact]
    public async Task A_node_with_all_the_streams_that_it_may_have_has_no_room()
    {
        var time = new ManualTime();
        await using var pool = new WorkerPool(new WorkerCommand("/bin/false", []), NullLogger<WorkerPool>.Instance);
        await using TranscodeNode node = NodeOn(time, new Recorder(), pool, mostStreams: 1);
        Assert.Equal(8, node.FreeCores);
        IFeedSink stream = node.Open("s");
        Assert.Equal(0, node.FreeCores);
        stream.End();
        Assert.Equal(8, node.FreeCores);
        time.Advance(LongerThanADrain);
    }

    [Fact]
    public async Task A_node_without_a_GPU_has_no_room_where_nothing_else_may_encode()
    {
        await using var pool = new WorkerPool(new WorkerCommand("/bin/false", []), NullLogger<WorkerPool>.Instance);
        var options = new TranscodeOptions { AllowSoftwareFallback = false, GpuSessions = 2 };
        var gpus = new GpuPool(options, static _ => null);
        await using TranscodeNode node = NodeOn(new ManualTime(), new Recorder(), pool, options, gpus);
        Assert.Equal(0, node.FreeCores);
        gpus.Learn([new GpuCapabilities(0, ["h264"], [], 0, null)]);
        Assert.Equal(0, node.FreeCores);
        gpus.Learn([new GpuCapabilities(0, ["h264"], ["h264_nvenc"], 0, null)]);
        Assert.Equal(8, node.FreeCores);
        gpus.Place(node, Source.VideoOf(1920, 1080), LadderRun.Rungs);
        Assert.Equal(0, node.FreeCores);
    }

    private static TranscodeNode NodeOn(TimeProvider time, Recorder recorder, WorkerPool pool, int mostStreams = 0)
    {
        var options = new TranscodeOptions { GpuEnabled = false, MaxStreams = mostStreams };
        return NodeOn(time, recorder, pool, options, new GpuPool(options));
    }

    private static TranscodeNode NodeOn(TimeProvider time, Recorder recorder, WorkerPool pool, TranscodeOptions options, GpuPool gpus)
    {
        var budget = new TranscodeBudget(8, 1);
        return new TranscodeNode(Options.Create(new PackageOptions()), Options.Create(options), TranscodingLadder.Default, pool, new KeyFrameStills(pool), budget, gpus,
            new NodeCapabilities(pool, budget, gpus, NullLogger<NodeCapabilities>.Instance), recorder, recorder, Options.Create(new SharedOptions()), time, NullLoggerFactory.Instance);
    }

    private static void SendTwoSegments(IFeedSink sink)
    {
        sink.SetLayout(new FeedLayout(HasVideo: true, HasAudio: false));
        for (int i = 0; i < 2 * Gop; i++)
        {
            var unit = new AccessUnit
            {
                Track = Source.VideoOf(640, 360),
                Pts90k = i * Frame90k,
                Dts90k = i * Frame90k,
                Payload = MediaBuffer.CopyOf([0, 0, 0, 1]),
                IsRandomAccess = i % Gop == 0,
                FrameType = i % Gop == 0 ? FrameType.Key : FrameType.Predicted,
                ProgramTime = DateTime.UnixEpoch.AddSeconds(i / 30.0),
            };
            sink.Write(unit);
            unit.Release();
        }
    }
}
