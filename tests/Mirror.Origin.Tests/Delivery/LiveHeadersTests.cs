using Mirror.Origin.Delivery;

namespace Mirror.Origin.Tests.Delivery;

public sealed class LiveHeadersTests
{
    [Theory]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("gzip", true)]
    [InlineData("gzip, deflate, br", true)]
    [InlineData("deflate, GZIP;q=0.5", true)]
    [InlineData("br;q=1.0, *;q=0.1", true)]
    [InlineData("identity", false)]
    [InlineData("gzip;q=0", false)]
    [InlineData("gzip; q=0.000", false)]
    [InlineData("x-gzip", false)]
    public void Knows_who_takes_gzip(string? header, bool expected) => Assert.Equal(expected, LiveHeaders.AcceptsGzip(header));
}
