using Mirror.Streams.Configuration;

namespace Mirror.Streams.Tests.Configuration;

public sealed class QuantityTests
{
    private static readonly Dictionary<string, long?> Sizes = new()
    {
        ["1316"] = 1316,
        ["0"] = 0,
        ["4MiB"] = 4 << 20,
        ["4 mib"] = 4 << 20,
        ["1.5KiB"] = 1536,
        ["2GiB"] = 2L << 30,
        ["500kB"] = 500_000,
        ["7B"] = 7,
        ["1TiB"] = 1L << 40,
        [""] = null,
        ["MiB"] = null,
        ["-1"] = null,
        ["1e3"] = null,
        ["0.3B"] = null,
        ["4MiBB"] = null,
        ["4Mbps"] = null,
        ["99999999999TiB"] = null,
        ["999999999999999999999999999999"] = null,
    };

    private static readonly Dictionary<string, long?> Rates = new()
    {
        ["50Mbps"] = 50_000_000,
        ["50mbps"] = 50_000_000,
        ["1.5 Gbps"] = 1_500_000_000,
        ["400kbps"] = 400_000,
        ["12bps"] = 12,
        ["8000"] = 8000,
        ["0bps"] = 0,
        ["50MB"] = null,
        ["50 Mb/s"] = null,
        ["-5Mbps"] = null,
        ["bps"] = null,
    };

    public static TheoryData<string> SizeTexts => new(Sizes.Keys);
    public static TheoryData<string> RateTexts => new(Rates.Keys);

    [Theory, MemberData(nameof(SizeTexts))]
    public void A_size_is_read_as_bytes(string text)
        => Assert.Equal(Sizes[text], ByteSize.TryParse(text, null, out ByteSize size) ? size.Bytes : null);

    [Theory, MemberData(nameof(RateTexts))]
    public void A_rate_is_read_as_bits_per_second(string text)
        => Assert.Equal(Rates[text], Bitrate.TryParse(text, null, out Bitrate rate) ? rate.BitsPerSecond : null);

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1316, "1316")]
    [InlineData(1 << 20, "1MiB")]
    [InlineData((2L << 30) + 1, "2147483649")]
    [InlineData(1536, "1536")]
    [InlineData(3 << 10, "3KiB")]
    public void A_size_is_written_exactly_and_read_back(long bytes, string text)
    {
        Assert.Equal(text, new ByteSize(bytes).ToString());
        Assert.Equal(bytes, ByteSize.Parse(text, null).Bytes);
    }

    [Theory]
    [InlineData(0, "0bps")]
    [InlineData(50_000_000, "50Mbps")]
    [InlineData(1_500_000_000, "1500Mbps")]
    [InlineData(12, "12bps")]
    public void A_rate_is_written_exactly_and_read_back(long bitsPerSecond, string text)
    {
        Assert.Equal(text, new Bitrate(bitsPerSecond).ToString());
        Assert.Equal(bitsPerSecond, Bitrate.Parse(text, null).BitsPerSecond);
    }
}
