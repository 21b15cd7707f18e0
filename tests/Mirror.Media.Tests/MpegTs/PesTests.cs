using Mirror.Media.MpegTs;

namespace Mirror.Media.Tests.MpegTs;

public class PesTests
{
    private const long Largest = (1L << 33) - 1;

    [Theory]
    [InlineData(0, -1)]
    [InlineData(Largest, -1)]
    [InlineData(0x1_5555_5555, 0x0_AAAA_AAAA)]
    [InlineData(126_000, 122_400)]
    public void Timestamps_survive_a_round_trip(long pts, long dts)
    {
        byte[] bytes = TransportStreamBuilder.PesBytes(0xE0, pts, dts, [1, 2, 3], isBounded: true);
        Assert.True(PesHeader.TryParse(bytes, out PesHeader header));
        Assert.Equal((pts, dts), (header.Pts33, header.Dts33));
        Assert.Equal(bytes.Length, header.PacketLength);
        Assert.Equal(bytes.Length - 3, header.Length);
        for (int length = 0; length < header.Length; length++)
        {
            Assert.True(length < PesHeader.LengthNeeded(bytes.AsSpan(0, length)));
            Assert.False(PesHeader.TryParse(bytes.AsSpan(0, length), out _));
        }
    }

    /// <summary>Some cheap encoders leave them 0.</summary>
    [Fact]
    public void Marker_bits_of_timestamps_are_not_asked_for()
    {
        byte[] bytes = TransportStreamBuilder.PesBytes(0xE0, 90_000, 86_400, [], isBounded: false);
        foreach (int at in new[] { 9, 11, 13, 14, 16, 18 }) { bytes[at] &= 0xFE; }
        Assert.True(PesHeader.TryParse(bytes, out PesHeader header));
        Assert.Equal((90_000, 86_400), (header.Pts33, header.Dts33));
    }

    [Theory]
    [InlineData("000001BE000A", true)]                   // padding stream: short header
    [InlineData("000001E0000000000000", false)]          // no '10' marker
    [InlineData("000002E0000080000000", false)]
    [InlineData("000001C0000380000500", false)]          // header longer than the packet
    public void Headers_without_the_long_form(string hex, bool expected) => Assert.Equal(expected, PesHeader.TryParse(Convert.FromHexString(hex), out _));

    private static List<(long Pts, int Length, bool Truncated)> Collect(PesAssembler assembler, byte[] stream)
    {
        List<(long, int, bool)> packets = [];
        for (int i = 0; i < stream.Length; i += 188)
        {
            Assert.True(TransportPacket.TryParse(stream.AsSpan(i, 188), out TransportPacket packet));
            if (packet.PayloadUnitStart && assembler.TryFinish(out PesPacket finished)) { packets.Add((finished.Header.Pts33, finished.Payload.Length, finished.IsTruncated)); }
            if (assembler.TryAppend(packet, out PesPacket completed)) { packets.Add((completed.Header.Pts33, completed.Payload.Length, completed.IsTruncated)); }
        }
        return packets;
    }

    [Fact]
    public void Packets_of_every_length_are_complete_by_their_count()
    {
        using var assembler = new PesAssembler(1 << 20);
        for (int length = 1; length < 600; length++)
        {
            byte[] stream = new TransportStreamBuilder().AudioPes(length, new byte[length]).ToArray();
            Assert.Equal([(length, length, false)], Collect(assembler, stream));
        }
        Assert.Equal((0, 0, 0), (assembler.MalformedPackets, assembler.TruncatedPackets, assembler.OversizedPackets));
    }

    [Fact]
    public void A_packet_without_length_ends_at_the_next_until_stuffing_is_trusted()
    {
        using var assembler = new PesAssembler(1 << 20);
        var builder = new TransportStreamBuilder();
        for (int i = 0; i < 12; i++) { builder.VideoPes(i, -1, new byte[1000]); }
        byte[] stream = builder.ToArray();
        Assert.Equal(Enumerable.Range(0, 12).Select(i => ((long)i, 1000, false)), Collect(assembler, stream));
        Assert.False(assembler.IsOpen);                                                        // the last one too: nothing had to follow it
        Assert.Equal(2, Collect(new PesAssembler(1 << 20), stream[..(stream.Length / 12 * 3)]).Count);
    }

    [Fact]
    public void Stuffing_in_the_middle_of_a_packet_is_never_its_end()
    {
        using var assembler = new PesAssembler(1 << 20);
        var builder = new TransportStreamBuilder();
        for (int i = 0; i < 20; i++)
        {
            byte[] pes = TransportStreamBuilder.PesBytes(0xE0, i, -1, new byte[500], isBounded: false);
            builder.Packets(0x100, pes.AsSpan(0, 100), sectionStuffing: false);
            byte[] rest = new TransportStreamBuilder().Packets(0x100, pes.AsSpan(100), sectionStuffing: false).ToArray();
            for (int packet = 0; packet < rest.Length; packet += 188) { rest[packet + 1] &= 0xBF; }          // no unit start
            builder.Raw(rest);
        }
        Assert.Equal(Enumerable.Range(0, 19).Select(i => ((long)i, 500, false)), Collect(assembler, builder.ToArray()));
        Assert.Equal(0, assembler.FalseEnds);
    }

    [Fact]
    public void A_multiplexer_that_starts_to_stuff_elsewhere_is_no_longer_trusted()
    {
        using var assembler = new PesAssembler(1 << 20);
        var builder = new TransportStreamBuilder();
        for (int i = 0; i < 10; i++) { builder.VideoPes(i, -1, new byte[300]); }
        builder.VideoPes(10, -1, new byte[50]);
        byte[] more = new TransportStreamBuilder().Packets(0x100, new byte[100], sectionStuffing: false).ToArray();
        more[1] &= 0xBF;
        builder.Raw(more);
        builder.VideoPes(11, -1, new byte[300]);
        builder.VideoPes(12, -1, new byte[300]);
        List<(long, int, bool)> packets = Collect(assembler, builder.ToArray());
        Assert.Equal(Enumerable.Range(0, 12).Select(i => (long)i), packets.Select(p => p.Item1));
        Assert.Equal(1, assembler.FalseEnds);
        Assert.True(assembler.IsOpen);
    }

    [Fact]
    public void A_gap_gives_out_what_came_before_it_and_ignores_the_rest()
    {
        using var assembler = new PesAssembler(1 << 20);
        byte[] stream = new TransportStreamBuilder().AudioPes(5, new byte[1000]).ToArray();
        Assert.Empty(Collect(assembler, stream[..(188 * 3)]));
        Assert.True(assembler.TryAbandon(out PesPacket partial));
        Assert.True(partial.IsTruncated);
        Assert.Equal(3 * 184 - 14, partial.Payload.Length);
        Assert.Empty(Collect(assembler, stream[(188 * 4)..]));
        Assert.False(assembler.TryAbandon(out _));
    }

    [Fact]
    public void A_packet_without_end_is_bounded()
    {
        using var assembler = new PesAssembler(100_000);
        Assert.Empty(Collect(assembler, new TransportStreamBuilder().VideoPes(1, -1, new byte[200_000]).ToArray()));
        Assert.Equal(1, assembler.OversizedPackets);
        Assert.Equal([(2L, 10, false)], Collect(assembler, new TransportStreamBuilder().AudioPes(2, new byte[10]).ToArray()));
    }

    [Fact]
    public void A_short_bounded_packet_and_a_header_cut_off_are_counted()
    {
        using var assembler = new PesAssembler(100_000);
        byte[] stream = new TransportStreamBuilder().AudioPes(5, new byte[1000]).ToArray();
        byte[] tiny = new TransportStreamBuilder().Packets(0x101, [0, 0, 1, 0xC0], sectionStuffing: false).ToArray();
        Assert.Equal([(5L, 2 * 184 - 14, true), (5L, 184 - 14, true)], Collect(assembler, [.. stream[..376], .. stream[..188], .. tiny, .. stream[..188]]));
        Assert.Equal((2, 1), (assembler.TruncatedPackets, assembler.MalformedPackets));
    }
}
