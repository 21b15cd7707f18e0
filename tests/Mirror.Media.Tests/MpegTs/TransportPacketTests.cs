using Mirror.Media.MpegTs;

namespace Mirror.Media.Tests.MpegTs;

public class TransportPacketTests
{
    private static byte[] Packet(string header, int length = 188) => [.. Convert.FromHexString(header), .. Enumerable.Repeat((byte)0xAB, length - header.Length / 2)];

    [Fact]
    public void Header_fields()
    {
        Assert.True(TransportPacket.TryParse(Packet("4741009D"), out TransportPacket packet));
        Assert.Equal(0x100, packet.Pid);
        Assert.True(packet.PayloadUnitStart);
        Assert.False(packet.TransportError);
        Assert.True(packet.IsScrambled);
        Assert.Equal(13, packet.ContinuityCounter);
        Assert.Equal(184, packet.Payload.Length);
        Assert.Equal(-1, packet.Pcr27M);
        Assert.True(TransportPacket.TryParse(Packet("479FFF10"), out packet));
        Assert.True(packet.TransportError);
        Assert.Equal(TransportPacket.NullPid, packet.Pid);
    }

    [Theory]
    [InlineData("47010030" + "00", true, 183)]                                    // a lone length byte
    [InlineData("47010030" + "0100", true, 182)]                                  // flags only
    [InlineData("47010030" + "0140", false, 182)]                                 // random_access_indicator
    [InlineData("47010030" + "0710" + "000000007E00", false, 176)]                // PCR, nothing more
    [InlineData("47010030" + "0810" + "000000007E00" + "FF", true, 175)]
    [InlineData("47010030" + "0302" + "01AA", false, 180)]                        // one byte of private data
    [InlineData("47010030" + "0402" + "01AAFF", true, 179)]
    [InlineData("47010020" + "B700", true, 0)]                                    // no payload
    public void Stuffing_is_what_no_field_needs(string header, bool isStuffed, int payload)
    {
        Assert.True(TransportPacket.TryParse(Packet(header), out TransportPacket packet));
        Assert.Equal(isStuffed, packet.IsStuffed);
        Assert.Equal(payload, packet.Payload.Length);
    }

    [Fact]
    public void Program_clock_reference()
    {
        Assert.True(TransportPacket.TryParse(Packet("47010030" + "0790" + "FFFFFFFFFF2B"), out TransportPacket packet));
        Assert.Equal(0x1_FFFF_FFFFL * 300 + 299, packet.Pcr27M);
        Assert.True(packet.Discontinuity);
        Assert.True(TransportPacket.TryParse(Packet("47010030" + "0710" + "00000001FE05"), out packet));
        Assert.Equal(3 * 300 + 5, packet.Pcr27M);
    }

    [Theory]
    [InlineData("46010010", 188)]          // no sync byte
    [InlineData("47010000", 188)]          // reserved adaptation_field_control
    [InlineData("47010030B8", 188)]        // adaptation field longer than the packet
    [InlineData("47010010", 187)]
    [InlineData("47010010", 189)]
    public void Malformed_packets_are_refused(string header, int length) => Assert.False(TransportPacket.TryParse(Packet(header, length), out _));
}
