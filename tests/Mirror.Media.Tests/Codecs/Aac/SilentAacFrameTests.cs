using Mirror.Media.Codecs.Aac;

namespace Mirror.Media.Tests.Codecs.Aac;

/// <summary>Frames of AAC without a spectrum, bit for bit by ISO/IEC 14496-3 §4.4.2. That decoders find them silent is tested with the transcoder.</summary>
public sealed class SilentAacFrameTests
{
    [Fact]
    public void Mono_is_one_element()
    {
        //  id 000, tag 0000, global_gain 00000000, ics_info 11 zeros, three absent tools 000, END 111
        Assert.Equal(new byte[] { 0x00, 0x00, 0x00, 0x07 }, SilentAacFrame.For(Configuration(1)));
    }

    [Fact]
    public void Stereo_is_a_pair_with_one_window()
    {
        //  001 0000 1 | 00000000000 00 | 00000000 000 | 00000000 000 | 111
        Assert.Equal(new byte[] { 0x21, 0x00, 0x00, 0x00, 0x00, 0x1C }, SilentAacFrame.For(Configuration(2)));
    }

    [Fact]
    public void The_layout_is_found_behind_an_explicit_rate()
    {
        // Object type 2, rate index 15 with 24 bits of rate, channelConfiguration 2.
        Assert.Equal(SilentAacFrame.For(Configuration(2)), SilentAacFrame.For([0b0001_0111, 0b1000_0000, 0b0101_1101, 0b1100_0000, 0b0001_0000]));
    }

    [Fact]
    public void Unknown_layouts_have_none()
    {
        Assert.Null(SilentAacFrame.For(Configuration(0)));
        Assert.Null(SilentAacFrame.For([0x12, 0x60]));       // reserved
        Assert.Null(SilentAacFrame.For([0x12]));
        Assert.Null(SilentAacFrame.For([]));
    }

    private static byte[] Configuration(int channels)
    {
        int bits = (2 << 11) | (3 << 7) | (channels << 3);
        return [(byte)(bits >> 8), (byte)bits];
    }
}
