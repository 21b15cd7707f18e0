using Mirror.Media.Codecs.MpegAudio;

namespace Mirror.Media.Tests.Codecs.MpegAudio;

public class MpegAudioTests
{
    [Theory]
    [InlineData("FFFDA400", 2, 48_000, 2, 1_152, 576, "mp4a.40.33")]      // MP2, 192 kbit/s
    [InlineData("FFFDA0C0", 2, 44_100, 1, 1_152, 626, "mp4a.40.33")]      // mono
    [InlineData("FFFDA2C0", 2, 44_100, 1, 1_152, 627, "mp4a.40.33")]      // with padding
    [InlineData("FFFB9440", 3, 48_000, 2, 1_152, 384, "mp4a.40.34")]      // MP3, 128 kbit/s, joint stereo
    [InlineData("FFF38440", 3, 24_000, 2, 576, 192, "mp4a.40.34")]        // MPEG-2, 64 kbit/s
    [InlineData("FFE34440", 3, 12_000, 2, 576, 192, "mp4a.40.34")]        // MPEG-2.5, 32 kbit/s
    [InlineData("FFF5A800", 2, 16_000, 2, 1_152, 864, "mp4a.40.33")]      // MPEG-2, 96 kbit/s
    [InlineData("FFFFE400", 1, 48_000, 2, 384, 448, "mp4a.40.32")]        // layer I, 448 kbit/s
    public void Headers(string hex, int layer, int sampleRate, int channels, int samples, int length, string codec)
    {
        byte[] bytes = Convert.FromHexString(hex);
        Assert.True(MpegAudioHeader.TryParse(bytes, out MpegAudioHeader header));
        Assert.Equal((layer, sampleRate, channels, samples, length, codec),
            (header.Layer, header.SampleRate, header.Channels, header.SampleCount, header.FrameLength, header.CodecString));
        for (int cut = 0; cut < bytes.Length; cut++) { Assert.False(MpegAudioHeader.TryParse(bytes.AsSpan(0, cut), out _)); }
    }

    [Theory]
    [InlineData("FFFD0400")]      // free format
    [InlineData("FFFDF400")]      // no such bit rate
    [InlineData("FFFDAC00")]      // no such sample rate
    [InlineData("FFEDA400")]      // no such version
    [InlineData("FFF9A400")]      // no such layer: ADTS
    [InlineData("FFFDA402")]      // no such emphasis
    [InlineData("FEFDA400")]
    public void Impossible_headers_are_refused(string hex) => Assert.False(MpegAudioHeader.TryParse(Convert.FromHexString(hex), out _));
}
