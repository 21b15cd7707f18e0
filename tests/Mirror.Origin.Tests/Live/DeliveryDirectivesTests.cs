using Mirror.Origin.Live;

namespace Mirror.Origin.Tests.Live;

public sealed class DeliveryDirectivesTests
{
    private static readonly Dictionary<string, (string Query, long? Msn, int? Part, int Skip)> Good = new()
    {
        ["nothing"] = ("", null, null, 0),
        ["a question mark"] = ("?", null, null, 0),
        ["msn"] = ("?_HLS_msn=12", 12, null, 0),
        ["msn and part"] = ("?_HLS_msn=12&_HLS_part=3", 12, 3, 0),
        ["part before msn"] = ("?_HLS_part=3&_HLS_msn=12", 12, 3, 0),
        ["everything, with a stranger between"] = ("?_HLS_msn=12&token=a%20b&_HLS_part=0&_HLS_skip=YES", 12, 0, 1),
        ["v2"] = ("?_HLS_skip=v2", null, null, 2),
        ["an unknown skip"] = ("?_HLS_skip=MAYBE", null, null, 0),
        ["an unknown directive"] = ("?_HLS_future=1", null, null, 0),
        ["empty parameters"] = ("?&&_HLS_msn=1&", 1, null, 0),
        ["a large msn"] = ("?_HLS_msn=999999999999999999", 999_999_999_999_999_999, null, 0),
    };

    public static TheoryData<string> GoodNames => new(Good.Keys);

    [Theory, MemberData(nameof(GoodNames))]
    public void Reads(string name)
    {
        (string query, long? msn, int? part, int skip) = Good[name];
        Assert.True(DeliveryDirectives.TryParse(query, out DeliveryDirectives directives));
        Assert.Equal(new DeliveryDirectives(msn, part, (SkipDirective)skip), directives);
    }

    [Theory]
    [InlineData("?_HLS_part=1")]
    [InlineData("?_HLS_msn=-1")]
    [InlineData("?_HLS_msn=")]
    [InlineData("?_HLS_msn")]
    [InlineData("?_HLS_msn=abc")]
    [InlineData("?_HLS_msn=1.5")]
    [InlineData("?_HLS_msn=99999999999999999999")]
    [InlineData("?_HLS_msn=1&_HLS_part=2147483648")]
    [InlineData("?_HLS_msn=1&_HLS_part=-2")]
    [InlineData("?_HLS_msn=1&_HLS_msn=2")]
    [InlineData("?_HLS_msn=1&_HLS_part=1&_HLS_part=1")]
    public void Refuses(string query) => Assert.False(DeliveryDirectives.TryParse(query, out _));

    [Fact]
    public void Reads_or_refuses_any_query()
    {
        const string Query = "?_HLS_msn=1234&_HLS_part=3&_HLS_skip=YES&x=y";
        var random = new Random(7);
        int read = 0;
        for (int length = 0; length <= Query.Length; length++) { read += DeliveryDirectives.TryParse(Query.AsSpan(0, length), out _) ? 1 : 0; }
        for (int round = 0; round < 20_000; round++)
        {
            char[] mutated = Query.ToCharArray();
            for (int i = 0; i < 3; i++) { mutated[random.Next(mutated.Length)] = (char)random.Next(0x20, 0x250); }
            read += DeliveryDirectives.TryParse(mutated, out _) ? 1 : 0;
        }
        Assert.True(read > Query.Length / 2);
    }
}
