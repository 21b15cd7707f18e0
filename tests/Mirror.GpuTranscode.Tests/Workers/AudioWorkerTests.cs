using System.Diagnostics;
using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Tests.FFmpeg;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.Workers;

/// <summary>Sound encoded by real worker processes, beside pictures and alone.</summary>
public sealed class AudioWorkerTests
{
    private static readonly AudioPlan Plan = new() { Bitrate = 64_000, Channels = 2, SampleRate = 48_000 };
    private static readonly AudioMedia Media = AudioMedia.Make($"{AudioMedia.Noise} -t 3 -ac 2 -c:a libopus -b:a 128k");

    [Fact]
    public async Task Sound_goes_with_the_pictures_and_comes_out_at_a_drain()
    {
        await using var run = new LadderRun();
        run.Configure();
        run.Worker.ConfigureAudio(0, Media.Track, Plan);
        run.Send(30);
        Send(run, 0, 50);
        await run.UpAsync();
        run.Worker.Drain();
        await run.UntilAsync(() => run.Recorder.Events.Contains("drained"), "all came out");
        AssertGapless(run, 46, 50);
        Assert.True(run.Worker.State.Audio is { IsUp: true, Codec: "aac", Name: "audio-aac", DecodeErrors: 0, FramesEncoded: > 40 });
    }

    [Fact]
    public async Task Sound_alone_has_a_worker_as_well()
    {
        await using var run = new LadderRun();
        run.Worker.ConfigureAudio(0, Media.Track, Plan);
        Send(run, 0, 100);
        await run.UntilAsync(() => run.Recorder.AudioCount > 80, "sound comes");
        await run.WellAsync();
        run.Worker.Drain();
        await run.UntilAsync(() => run.Recorder.Events.Contains("drained"), "all came out");
        AssertGapless(run, 92, 97);
    }

    [Fact]
    public async Task A_killed_worker_leaves_no_hole()
    {
        await using var run = new LadderRun();
        run.Worker.ConfigureAudio(0, Media.Track, Plan);
        Send(run, 0, 60);
        await run.UntilAsync(() => run.Recorder.AudioCount > 40, "sound comes");
        run.Signal(LadderRun.SigKill);
        Send(run, 60, 60);
        await run.UntilAsync(() => run.Recorder.AudioCount > 100, "sound comes again");
        AssertGapless(run, 100, 120);
        Assert.Equal(1, run.Worker.State.Restarts);
    }

    [Fact]
    public async Task Sound_that_cannot_be_decoded_leaves_the_pictures_alone()
    {
        await using var run = new LadderRun();
        run.Configure();
        run.Worker.ConfigureAudio(0, Media.Track with { Codec = Codec.Aac, DecoderConfiguration = new byte[] { 0xFF, 0xFF, 0xFF } }, Plan);
        run.Send(30);
        Send(run, 0, 20);
        await run.UpAsync();
        await run.SaysAsync("the sound cannot be encoded");
        run.Send(30);
        await run.AllDeliveredAsync();
        Assert.Equal(0, run.Worker.State.Restarts);
    }

    private static void Send(LadderRun run, int first, int count)
    {
        for (int i = first; i < first + count; i++)
        {
            MediaBuffer payload = MediaBuffer.CopyOf(Media.Frames[i].Payload);
            var unit = new AccessUnit
            {
                Track = Media.Track,
                Pts90k = Media.Frames[i].Pts90k,
                Dts90k = Media.Frames[i].Pts90k,
                Payload = payload,
                SampleCount = 960,
                ReceivedTimestamp = Stopwatch.GetTimestamp(),
            };
            run.Worker.WriteAudio(0, unit, timeline: 0);
            unit.Release();
        }
    }

    private static void AssertGapless(LadderRun run, int least, int most)
    {
        (int Timeline, long Pts)[] frames = [.. run.Recorder.AudioFrames];
        Assert.InRange(frames.Length, least, most);
        Assert.All(frames.Zip(frames.Skip(1)), pair => Assert.Equal(pair.First.Pts + AudioPlan.FrameSamples, pair.Second.Pts));
        Assert.Equal(48_000, run.Recorder.AudioFormat!.SampleRate);
    }
}
