using Mirror.Origin.Delivery;

namespace Mirror.Origin.Tests.Delivery;

public sealed class ByteRangeTests
{
    [Theory]
    [InlineData(null, "Whole", 0, 1000)]
    [InlineData("bytes=0-99", "Partial", 0, 100)]
    [InlineData("bytes=10-", "Partial", 10, 990)]
    [InlineData("bytes=-10", "Partial", 990, 10)]
    [InlineData("bytes=-5000", "Partial", 0, 1000)]
    [InlineData("bytes=999-999", "Partial", 999, 1)]
    [InlineData("bytes=500-9007199254740991", "Partial", 500, 500)]
    [InlineData("bytes=1000-", "NotSatisfiable", 0, 1000)]
    [InlineData("bytes=-0", "NotSatisfiable", 1000, 0)]
    [InlineData("bytes=5-2", "Whole", 0, 1000)]
    [InlineData("bytes=0-1,5-6", "Whole", 0, 1000)]
    [InlineData("bytes=a-b", "Whole", 0, 1000)]
    [InlineData("bytes=", "Whole", 0, 1000)]
    [InlineData("items=0-1", "Whole", 0, 1000)]
    public void Parses(string? header, string expected, long offset, long length)
    {
        Assert.Equal(expected, ByteRange.Parse(header, 1000, out ByteRange range).ToString());
        Assert.Equal(new ByteRange(offset, length), range);
    }
}
