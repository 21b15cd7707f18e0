using Mirror.GpuTranscode.FFmpeg;
using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Tests.Packaging;
using Mirror.GpuTranscode.Workers;
using Mirror.Media.Frames;
using Mirror.Streams.Transcoding;

namespace Mirror.GpuTranscode.Tests.Workers;

public sealed class GpuPoolTests
{
    private static readonly VideoTrack Source = Packaging.Source.VideoOf(1920, 1080);
    private static readonly RungPlan[] Two = LadderRun.Rungs;
    private static readonly GpuCapabilities Encoding0 = new(0, ["h264", "hevc"], ["h264_nvenc", "hevc_nvenc"], 0, null);
    private static readonly GpuCapabilities Encoding1 = Encoding0 with { Index = 1 };
    private static readonly GpuCapabilities Decoding2 = new(2, ["h264", "hevc"], [], 0, null);

    [Fact]
    public void Streams_spread_over_the_GPUs_by_their_renditions()
    {
        GpuPool pool = Pool(new TranscodeOptions(), Encoding0, Encoding1);
        object first = new();
        Assert.Equal((TranscodeDevice.Gpu, 0), pool.Place(first, Source, Two));
        Assert.Equal((TranscodeDevice.Gpu, 1), pool.Place(new object(), Source, [Two[0]]));
        Assert.Equal((TranscodeDevice.Gpu, 1), pool.Place(new object(), Source, Two));
        Assert.Equal((2, 3), (pool.SessionsOf(0), pool.SessionsOf(1)));
        pool.Release(first);
        Assert.Equal(0, pool.SessionsOf(0));
    }

    [Fact]
    public void A_stream_that_is_placed_again_gives_its_place_back()
    {
        GpuPool pool = Pool(new TranscodeOptions(), Encoding0);
        object owner = new();
        pool.Place(owner, Source, Two);
        pool.Place(owner, Source, Two);
        Assert.Equal(2, pool.SessionsOf(0));
    }

    [Fact]
    public void A_GPU_without_an_encoder_decodes_only()
        => Assert.Equal((TranscodeDevice.GpuDecode, 2), Pool(new TranscodeOptions(), Decoding2).Place(new object(), Source, Two));

    [Fact]
    public void A_GPU_that_encodes_comes_before_one_that_does_not()
        => Assert.Equal((TranscodeDevice.Gpu, 0), Pool(new TranscodeOptions(), Decoding2, Encoding0).Place(new object(), Source, Two));

    [Fact]
    public void Beyond_its_sessions_a_GPU_decodes_only()
    {
        GpuPool pool = Pool(new TranscodeOptions { GpuSessions = 3 }, Encoding0);
        Assert.Equal((TranscodeDevice.Gpu, 0), pool.Place(new object(), Source, Two));
        Assert.Equal((TranscodeDevice.GpuDecode, 0), pool.Place(new object(), Source, Two));
        Assert.Equal((TranscodeDevice.Gpu, 0), pool.Place(new object(), Source, [Two[0]]));
    }

    [Fact]
    public void What_no_GPU_decodes_or_may_decode_is_for_the_CPU()
    {
        Assert.Equal((TranscodeDevice.Cpu, 0), Pool(new TranscodeOptions()).Place(new object(), Source, Two));
        Assert.Equal((TranscodeDevice.Cpu, 0), Pool(new TranscodeOptions { GpuEnabled = false }, Encoding0).Place(new object(), Source, Two));
        Assert.Equal((TranscodeDevice.Cpu, 0), Pool(new TranscodeOptions(), Encoding0 with { Decoders = ["hevc"] }).Place(new object(), Source, Two));
        Assert.Equal((TranscodeDevice.GpuDecode, 0), Pool(new TranscodeOptions(), Encoding0).Place(new object(), Source, [Two[0] with { Codec = RungCodec.Av1 }]));
    }

    [Fact]
    public void A_GPU_whose_memory_runs_out_takes_no_further_stream()
    {
        long?[] free = [200L << 20, 4L << 30];
        var pool = new GpuPool(new TranscodeOptions { GpuMemoryReserve = new(256L << 20) }, gpu => free[gpu]);
        pool.Learn([Encoding0, Encoding1]);
        Assert.Equal((TranscodeDevice.Gpu, 1), pool.Place(new object(), Source, Two));
        Assert.Equal((TranscodeDevice.Gpu, 1), pool.Place(new object(), Source, Two));
        free[1] = 0;
        Assert.Equal((TranscodeDevice.Cpu, 0), pool.Place(new object(), Source, Two));
        free[0] = null;                                      // the driver does not tell
        Assert.Equal((TranscodeDevice.Gpu, 0), pool.Place(new object(), Source, Two));
    }

    [Fact]
    public void Without_a_reserve_memory_is_not_asked_for()
    {
        var pool = new GpuPool(new TranscodeOptions { GpuMemoryReserve = default }, _ => throw new InvalidOperationException());
        pool.Learn([Encoding0]);
        Assert.Equal((TranscodeDevice.Gpu, 0), pool.Place(new object(), Source, Two));
    }

    [Fact]
    public void Where_there_is_no_driver_nothing_is_known_of_memory() => Assert.Null(GpuMemory.FreeBytesOf(99));

    private static GpuPool Pool(TranscodeOptions options, params GpuCapabilities[] gpus)
    {
        var pool = new GpuPool(options);
        pool.Learn(gpus);
        return pool;
    }
}
