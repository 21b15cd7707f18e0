using Mirror.Media.MpegTs;

namespace Mirror.Media.Tests.MpegTs;

public class PacketSynchronizerTests
{
    private static byte[] Stream(int packets)
    {
        var stream = new byte[packets * 188];
        var random = new Random(1);
        for (int i = 0; i < packets; i++)
        {
            Span<byte> packet = stream.AsSpan(i * 188, 188);
            random.NextBytes(packet);
            packet[0] = 0x47;
            packet[1] = (byte)i;
            packet[2] = (byte)(i >> 8);
        }
        return stream;
    }

    private static List<int> Read(PacketSynchronizer synchronizer, params ReadOnlySpan<byte[]> pieces)
    {
        List<int> numbers = [];
        foreach (byte[] piece in pieces)
        {
            ReadOnlySpan<byte> input = piece;
            while (synchronizer.TryRead(ref input, out ReadOnlySpan<byte> packet))
            {
                Assert.Equal(188, packet.Length);
                numbers.Add(packet[1] | (packet[2] << 8));
            }
            Assert.True(input.IsEmpty);
        }
        return numbers;
    }

    [Fact]
    public void Every_packet_is_found_whatever_the_size_of_the_pieces()
    {
        byte[] stream = Stream(40);
        for (int size = 1; size <= 3 * 188 + 1; size++)
        {
            var synchronizer = new PacketSynchronizer();
            Assert.Equal(Enumerable.Range(0, 40), Read(synchronizer, stream.Chunk(size).ToArray()));
            Assert.Equal(0, synchronizer.SyncLosses);
            Assert.Equal(0, synchronizer.SkippedBytes);
        }
    }

    /// <summary>Packets with four bytes before each, or sixteen after.</summary>
    private static byte[] Framed(byte[] stream, int stride)
    {
        byte[] header = stride == 192 ? [0x47, 1, 2, 3] : [];          // a time may look like a sync byte
        byte[] trailer = stride == 204 ? [.. Enumerable.Repeat((byte)0x55, 16)] : [];
        return [.. stream.Chunk(188).SelectMany(packet => (byte[])[.. header, .. packet, .. trailer])];
    }

    [Theory]
    [InlineData(192)]
    [InlineData(204)]
    public void Longer_packets_are_found_whatever_the_size_of_the_pieces(int stride)
    {
        byte[] stream = Framed(Stream(40), stride);
        for (int size = 1; size <= 3 * stride + 1; size++)
        {
            var synchronizer = new PacketSynchronizer();
            Assert.Equal(Enumerable.Range(0, 40), Read(synchronizer, stream.Chunk(size).ToArray()));
            Assert.Equal(0, synchronizer.SyncLosses);
        }
        for (int cut = 5; cut < stride; cut++)
        {
            Assert.Equal(Enumerable.Range(1, 39), Read(new PacketSynchronizer(), stream[cut..].Chunk(1316).ToArray()));
        }
    }

    [Theory]
    [InlineData(188, 192)]
    [InlineData(192, 204)]
    [InlineData(204, 188)]
    public void The_distance_of_packets_may_change(int before, int after)
    {
        byte[] packets = Stream(60);
        var synchronizer = new PacketSynchronizer();
        List<int> read = Read(synchronizer, [.. Framed(packets[..(30 * 188)], before), .. Framed(packets[(30 * 188)..], after)]);
        Assert.Equal(Enumerable.Range(0, 30), read[..30]);
        Assert.Equal(Enumerable.Range(32, 28), read[^28..]);
        Assert.Equal(1, synchronizer.SyncLosses);
    }

    [Theory]
    [InlineData(192)]
    [InlineData(204)]
    public void After_a_loss_longer_packets_are_found_again(int stride)
    {
        byte[] stream = Framed(Stream(60), stride);
        var synchronizer = new PacketSynchronizer();
        Read(synchronizer, stream[..1316], stream[1316..2632]);
        synchronizer.SignalLoss();
        List<int> read = Read(synchronizer, stream[3948..5264], stream[5264..6580], stream[6580..7896], stream[7896..]);
        int first = (3948 + stride - 1) / stride;
        Assert.Equal(Enumerable.Range(first, 60 - first), read);
    }

    [Fact]
    public void Whole_packets_are_read_in_place()
    {
        byte[] stream = Stream(14);
        var synchronizer = new PacketSynchronizer();
        Read(synchronizer, stream[..1316]);
        ReadOnlySpan<byte> input = stream.AsSpan(1316);
        int count = 0;
        while (synchronizer.TryRead(ref input, out ReadOnlySpan<byte> packet))
        {
            Assert.True(stream.AsSpan().Overlaps(packet, out int offset));
            Assert.Equal(1316 + 188 * count++, offset);
        }
        Assert.Equal(7, count);
    }

    [Fact]
    public void Bytes_before_the_first_packet_are_skipped_for_every_offset()
    {
        byte[] stream = Stream(20);
        for (int cut = 1; cut < 188; cut++)
        {
            var synchronizer = new PacketSynchronizer();
            Assert.Equal(Enumerable.Range(1, 19), Read(synchronizer, stream[cut..]));
            Assert.Equal(188 - cut, synchronizer.SkippedBytes);
        }
    }

    [Fact]
    public void A_damaged_sync_byte_costs_one_packet()
    {
        byte[] stream = Stream(21);
        stream[188 * 9] = 0;
        var synchronizer = new PacketSynchronizer();
        Assert.Equal(Enumerable.Range(0, 21).Where(i => i != 9), Read(synchronizer, stream.Chunk(1316).ToArray()));
        Assert.Equal(0, synchronizer.SyncLosses);
        Assert.Equal(188, synchronizer.SkippedBytes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(187)]
    public void Inserted_and_missing_bytes_cost_at_most_two_packets(int count)
    {
        byte[] stream = Stream(30);
        byte[] longer = [.. stream[..(188 * 10)], .. new byte[count], .. stream[(188 * 10)..]];
        var synchronizer = new PacketSynchronizer();
        Assert.Equal(Enumerable.Range(0, 30), Read(synchronizer, longer));
        Assert.Equal(1, synchronizer.SyncLosses);

        byte[] shorter = [.. stream[..(188 * 10 + 20)], .. stream[(188 * 10 + 20 + count)..]];
        synchronizer = new PacketSynchronizer();
        List<int> read = Read(synchronizer, shorter);
        Assert.Equal(1, synchronizer.SyncLosses);
        Assert.Equal(Enumerable.Range(0, 10), read[..10]);
        Assert.Equal(Enumerable.Range(12, 18), read[^18..]);
    }

    [Fact]
    public void Random_bytes_never_lock_for_long_and_real_packets_are_found_behind_them()
    {
        var noise = new byte[100_000];
        new Random(7).NextBytes(noise);
        var synchronizer = new PacketSynchronizer();
        List<int> read = Read(synchronizer, noise, Stream(30));
        Assert.Equal(Enumerable.Range(2, 28), read[^28..]);
        Assert.InRange(read.Count, 28, 40);
    }

    [Fact]
    public void After_a_loss_the_next_piece_is_read_from_its_start()
    {
        byte[] stream = Stream(40);
        var synchronizer = new PacketSynchronizer();
        Assert.Equal(Enumerable.Range(0, 10), Read(synchronizer, stream[..(188 * 10 + 50)]));
        synchronizer.SignalLoss();
        Assert.Equal(Enumerable.Range(20, 20), Read(synchronizer, stream[(188 * 20)..]));
        Assert.Equal(0, synchronizer.SyncLosses);
    }
}
