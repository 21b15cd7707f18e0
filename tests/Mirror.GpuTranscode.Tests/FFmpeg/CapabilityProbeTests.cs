using System.Runtime.InteropServices;
using System.Text.Json;
using Mirror.GpuTranscode.FFmpeg;
using Mirror.Streams.Transcoding;

namespace Mirror.GpuTranscode.Tests.FFmpeg;

public sealed class CapabilityProbeTests
{
    [Fact]
    public void What_this_machine_can_do_is_found_by_doing_it()
    {
        TranscodeCapabilities found = CapabilityProbe.Run();
        Assert.True(found.IsAvailable, found.Reason);
        Assert.StartsWith("59.", found.LibavcodecVersion, StringComparison.Ordinal);
        Assert.Equal(["h264", "hevc", "av1", "mpeg2video", "aac", "opus", "mp2", "ac3"], found.Decoders);
        Assert.Equal(["libx264", "libx265", "libaom-av1"], found.Encoders);
        Assert.Equal(Environment.ProcessorCount, found.Cores);
        Assert.Equal(found.Gpus.Count == 0, found.GpuReason is not null);
    }

    [Fact]
    public void Without_a_driver_it_says_so()
    {
        bool hasDriver = NativeLibrary.TryLoad("libcuda.so.1", out _);
        Assert.Equal(!hasDriver, CapabilityProbe.Run().GpuReason?.Contains("libcuda.so.1 was not found", StringComparison.Ordinal) ?? false);
    }

    [Fact]
    public void It_travels_as_json()
    {
        TranscodeCapabilities found = CapabilityProbe.Run();
        Assert.Equivalent(found, JsonSerializer.Deserialize<TranscodeCapabilities>(JsonSerializer.Serialize(found)), strict: true);
    }

    [Fact]
    public void A_codec_that_does_not_work_is_told_from_one_that_does()
    {
        Assert.Throws<FFmpegException>(() => CodecProbe.Encode("no_such_encoder", [], null));
        Assert.Throws<FFmpegException>(() => CodecProbe.Encode("libx264", [("preset", "warp")], null));
        Assert.False(CodecProbe.Decodes("no_such_decoder", [], null));
        Assert.False(CodecProbe.Decodes("h264", [[0, 0, 1, 0x65, 0xFF]], null));
    }
}
