using Mirror.Origin.Delivery;

namespace Mirror.Origin.Tests.Delivery;

public sealed class LivePathTests
{
    private static readonly Dictionary<string, (int Resource, string Rendition, long Msn, int Part)> Good = new()
    {
        ["/live/demo/playlist.m3u8"] = ((int)LiveResource.MultivariantPlaylist, "", 0, 0),
        ["/live/demo/source/playlist.m3u8"] = ((int)LiveResource.MediaPlaylist, "source", 0, 0),
        ["/live/demo/source/init.mp4"] = ((int)LiveResource.CurrentInit, "source", 0, 0),
        ["/live/demo/source/init-1f0c9a2b.mp4"] = ((int)LiveResource.Init, "source", 0, 0),
        ["/live/demo/360p/123.m4s"] = ((int)LiveResource.Segment, "360p", 123, 0),
        ["/live/demo/360p/123.45.m4s"] = ((int)LiveResource.Part, "360p", 123, 45),
        ["/live/demo/a/0.0.m4s"] = ((int)LiveResource.Part, "a", 0, 0),
    };

    public static TheoryData<string> GoodNames => new(Good.Keys);

    [Theory, MemberData(nameof(GoodNames))]
    public void Reads(string path)
    {
        Assert.True(LivePath.TryParse(path, out LivePath parsed));
        Assert.Equal("demo", parsed.Stream.ToString());
        Assert.Equal(Good[path], ((int)parsed.Resource, parsed.Rendition.ToString(), parsed.Msn, parsed.PartIndex));
    }

    [Theory]
    [InlineData("/live/")]
    [InlineData("/live/demo")]
    [InlineData("/live/demo/")]
    [InlineData("/live//playlist.m3u8")]
    [InlineData("/live/demo//playlist.m3u8")]
    [InlineData("/live/demo/other.m3u8")]
    [InlineData("/live/demo/source/")]
    [InlineData("/live/demo/source/x.m4s")]
    [InlineData("/live/demo/source/007.m4s")]
    [InlineData("/live/demo/source/-1.m4s")]
    [InlineData("/live/demo/source/1.m4s/")]
    [InlineData("/live/demo/source/1..m4s")]
    [InlineData("/live/demo/source/.1.m4s")]
    [InlineData("/live/demo/source/1.2.3.m4s")]
    [InlineData("/live/demo/source/1.99999999999.m4s")]
    [InlineData("/live/demo/source/9999999999999999999.m4s")]
    [InlineData("/live/demo/source/a/b.mp4")]
    [InlineData("/LIVE/demo/playlist.m3u8")]
    public void Refuses(string path) => Assert.False(LivePath.TryParse(path, out _));

    [Fact]
    public void Reads_or_refuses_any_path()
    {
        var random = new Random(5);
        int read = 0;
        foreach (string path in Good.Keys)
        {
            for (int length = 0; length <= path.Length; length++) { read += LivePath.TryParse(path.AsSpan(0, length), out _) ? 1 : 0; }
            for (int round = 0; round < 3_000; round++)
            {
                char[] mutated = path.ToCharArray();
                for (int i = 0; i < 2; i++) { mutated[random.Next(mutated.Length)] = (char)random.Next(0x20, 0x180); }
                read += LivePath.TryParse(mutated, out _) ? 1 : 0;
            }
        }
        Assert.True(read > Good.Count);
    }
}
