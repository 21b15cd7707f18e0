using Mirror.Media.Bits;

namespace Mirror.Media.Tests.Bits;

public class BitReaderTests
{
    [Fact]
    public void Bits_come_most_significant_first_and_cross_bytes()
    {
        var reader = new BitReader([0b1010_0101, 0b1100_0011, 0xFF]);
        Assert.Equal(0b101u, reader.ReadBits(3));
        Assert.Equal(0b0010_1110u, reader.ReadBits(8));
        Assert.Equal(5, reader.BitsLeft - 8);
        Assert.False(reader.ReadFlag());
        Assert.Equal(0u, reader.ReadBits(0));
        Assert.Equal(0b0011_1111_1111u, reader.ReadBits(12));
        Assert.Equal(0, reader.BitsLeft);
        Assert.False(reader.Overrun);
    }

    [Theory]
    [InlineData("1", 0u)]
    [InlineData("010", 1u)]
    [InlineData("011", 2u)]
    [InlineData("00100", 3u)]
    [InlineData("0001000", 7u)]
    [InlineData("000000000000000010000000000000000", 65_535u)]
    [InlineData("000000000000000000000000000000011111111111111111111111111111111", uint.MaxValue - 1)]
    public void Unsigned_exponential_golomb(string bits, uint expected)
    {
        var reader = new BitReader(Pack(bits));
        Assert.Equal(expected, reader.ReadUe());
        Assert.Equal(bits.Length, reader.Position);
        Assert.False(reader.Overrun);
    }

    [Theory]
    [InlineData("1", 0)]
    [InlineData("010", 1)]
    [InlineData("011", -1)]
    [InlineData("00100", 2)]
    [InlineData("00101", -2)]
    public void Signed_exponential_golomb(string bits, int expected)
    {
        var reader = new BitReader(Pack(bits));
        Assert.Equal(expected, reader.ReadSe());
    }

    [Fact]
    public void Reading_past_the_end_gives_zero_and_is_remembered()
    {
        var reader = new BitReader([0xFF]);
        Assert.Equal(0u, reader.ReadBits(9));
        Assert.True(reader.Overrun);
        Assert.Equal(0u, reader.ReadBits(1));
        Assert.Equal(0u, reader.ReadUe());
        Assert.Equal(0, reader.ReadSe());
    }

    [Fact]
    public void An_exponential_golomb_code_without_end_is_an_overrun()
    {
        var reader = new BitReader(new byte[16]);
        Assert.Equal(0u, reader.ReadUe());
        Assert.True(reader.Overrun);
    }

    [Fact]
    public void Long_reads_and_alignment()
    {
        var reader = new BitReader([0x80, 0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0xDE]);
        Assert.True(reader.ReadFlag());
        reader.AlignToByte();
        Assert.Equal(0x1234_5678_9ABCul, reader.ReadLong(48));
        reader.Skip(8);
        Assert.False(reader.Overrun);
        reader.Skip(1);
        Assert.True(reader.Overrun);
    }

    [Fact]
    public void Emulation_prevention_bytes_are_left_out()
    {
        Span<byte> buffer = stackalloc byte[16];
        Assert.Equal([1, 0, 0, 0, 0, 3, 4], Rbsp.Unescape([1, 0, 0, 3, 0, 0, 3, 3, 4], buffer).ToArray());
        Assert.Equal([0, 0, 0, 0], Rbsp.Unescape([0, 0, 3, 0, 0, 3], buffer).ToArray());
        Assert.Equal([1, 2], Rbsp.Unescape([1, 2, 3, 4], buffer[..2]).ToArray());
    }

    [Fact]
    public void Bits_are_copied_from_any_position()
    {
        byte[] source = [0x12, 0x34, 0x56, 0x78];
        for (int position = 0; position <= 16; position++)
        {
            var expected = new BitReader(source);
            expected.Skip(position);
            byte[] copy = new byte[2];
            BitCopy.Copy(source, position, copy);
            Assert.Equal([(byte)expected.ReadBits(8), (byte)expected.ReadBits(8)], copy);
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => BitCopy.Copy(source, 17, new byte[2]));
    }

    [Fact]
    public void Start_codes_are_found_at_every_place()
    {
        for (int place = 0; place < 100; place++)
        {
            byte[] bytes = Enumerable.Repeat((byte)0xAA, 130).ToArray();
            bytes[place] = bytes[place + 1] = 0;
            bytes[place + 2] = 1;
            Assert.Equal(place, StartCode.IndexOf(bytes));
            Assert.Equal(-1, StartCode.IndexOf(bytes.AsSpan(0, place + 2)));
        }
    }

    private static byte[] Pack(string bits)
    {
        var bytes = new byte[(bits.Length + 7) / 8];
        for (int i = 0; i < bits.Length; i++) { bytes[i / 8] |= (byte)((bits[i] - '0') << (7 - i % 8)); }
        return bytes;
    }
}
