using Mirror.Media.Codecs.Opus;

namespace Mirror.Media.Tests.Codecs.Opus;

public class OpusTests
{
    [Theory]
    [InlineData("FC", 960)]               // CELT fullband 20 ms, one frame
    [InlineData("FD", 1920)]              // two frames of equal size
    [InlineData("E0", 120)]               // 2.5 ms
    [InlineData("08", 960)]               // SILK 20 ms
    [InlineData("18", 2880)]              // SILK 60 ms
    [InlineData("60", 480)]               // hybrid 10 ms
    [InlineData("6B06", 5760)]            // hybrid 20 ms, six frames
    [InlineData("FB82", 1920)]            // code 3 with padding flag
    public void Durations_by_the_toc_byte(string hex, int expected)
    {
        Assert.True(OpusPacket.TryReadDuration(Convert.FromHexString(hex), out int samples));
        Assert.Equal(expected, samples);
    }

    [Theory]
    [InlineData("")]
    [InlineData("FF")]                    // code 3 without its count
    [InlineData("FF00")]                  // no frames
    [InlineData("FF07")]                  // 140 ms
    public void Impossible_packets_are_refused(string hex) => Assert.False(OpusPacket.TryReadDuration(Convert.FromHexString(hex), out _));

    [Theory]
    [InlineData("7FE0" + "05", 3, 5, 0, 0)]
    [InlineData("7FE0" + "FF00", 4, 255, 0, 0)]
    [InlineData("7FE0" + "FFFF03", 5, 513, 0, 0)]
    [InlineData("7FF0" + "05" + "0138", 5, 5, 312, 0)]
    [InlineData("7FF8" + "05" + "0138" + "0010", 7, 5, 312, 16)]
    [InlineData("7FE4" + "05" + "02AABB", 6, 5, 0, 0)]
    public void Control_headers(string hex, int length, int packet, int startTrim, int endTrim)
    {
        byte[] bytes = Convert.FromHexString(hex);
        Assert.True(OpusControlHeader.TryParse(bytes, out OpusControlHeader header));
        Assert.Equal((length, packet, startTrim, endTrim), (header.Length, header.PacketLength, header.StartTrim, header.EndTrim));
        for (int cut = 0; cut < bytes.Length; cut++) { Assert.False(OpusControlHeader.TryParse(bytes.AsSpan(0, cut), out _)); }
    }

    [Theory]
    [InlineData(1, "00010000" + "0000BB80" + "000000")]
    [InlineData(2, "00020000" + "0000BB80" + "000000")]
    [InlineData(0, "00020000" + "0000BB80" + "0000FF" + "0200" + "0001")]
    [InlineData(6, "00060000" + "0000BB80" + "000001" + "0402" + "000401020305")]
    public void Decoder_configuration(int code, string expected)
    {
        Assert.True(OpusDecoderConfiguration.TryBuild(code, out byte[] body));
        Assert.Equal(expected, Convert.ToHexString(body));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(9)]
    [InlineData(0x81)]
    public void Explicit_channel_mappings_are_refused(int code) => Assert.False(OpusDecoderConfiguration.TryBuild(code, out _));
}
