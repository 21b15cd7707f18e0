using Mirror.Media.Codecs.Ac3;
using Mirror.Media.Frames;

namespace Mirror.Media.Tests.Codecs.Ac3;

public class Ac3Tests
{
    [Theory]
    [InlineData("0B771E8B1C40EBF8", Codec.Ac3, 48_000, 6, 1_536, 1_536, "103DC0")]          // 5.1, 384 kbit/s, as FFmpeg writes both
    [InlineData("0B77000014404000", Codec.Ac3, 48_000, 2, 1_536, 768, "101140")]       // stereo, 192 kbit/s
    [InlineData("0B77000055402000", Codec.Ac3, 44_100, 1, 1_536, 836, "500940")]       // mono, 192 kbit/s, with padding
    [InlineData("0B7701157487C000", Codec.Eac3, 44_100, 2, 1_536, 556, "0400600400")]       // stereo, 128 kbit/s
    [InlineData("0B7700FF3F860000", Codec.Eac3, 48_000, 6, 1_536, 512, "0400200F00")]          // 5.1
    public void Headers_and_decoder_configurations(string hex, Codec codec, int sampleRate, int channels, int samples, int length, string configuration)
    {
        byte[] bytes = Convert.FromHexString(hex);
        Assert.True(Ac3Header.TryParse(bytes, out Ac3Header header));
        Assert.Equal((codec, sampleRate, channels, samples, length), (header.Codec, header.SampleRate, header.Channels, header.SampleCount, header.FrameLength));
        byte[] body = Ac3DecoderConfiguration.Build(header, dependents: 0, header.FrameLength * 8L * sampleRate / samples);
        Assert.Equal(configuration, Convert.ToHexString(body));
        for (int cut = 0; cut < bytes.Length; cut++) { Assert.False(Ac3Header.TryParse(bytes.AsSpan(0, cut), out _)); }
    }

    [Theory]
    [InlineData("0B770000D4404000")]      // fscod 3 of AC-3
    [InlineData("0B77000026404000")]      // frmsizecod 38
    [InlineData("0B77000014884000")]      // bsid 17
    [InlineData("0B77C11574878000")]      // strmtyp 3
    [InlineData("0B770115F4878000")]      // fscod2 3
    [InlineData("0B78000014404000")]
    public void Impossible_headers_are_refused(string hex) => Assert.False(Ac3Header.TryParse(Convert.FromHexString(hex), out _));

    [Fact]
    public void Dependent_substreams_are_told_and_counted()
    {
        Assert.True(Ac3Header.TryParse(Convert.FromHexString("0B7740FF3F860000"), out Ac3Header dependent));
        Assert.True(dependent.IsDependent);
        Assert.True(Ac3Header.TryParse(Convert.FromHexString("0B7710FF3F860000"), out Ac3Header other));
        Assert.Equal((false, 2), (other.IsDependent, other.SubstreamId));
        Assert.Equal("0280200F0200", Convert.ToHexString(Ac3DecoderConfiguration.Build(other, dependents: 1, 80_000)));
    }
}
