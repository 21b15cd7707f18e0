using Mirror.IngestNode.Srt;

namespace Mirror.IngestNode.Tests.Srt;

public sealed class SrtStreamIdTests
{
    [Theory]
    [InlineData("cam", "cam", null, null)]
    [InlineData("#!::r=cam,m=publish", "cam", null, null)]
    [InlineData("#!::r=cam", "cam", null, null)]
    [InlineData("#!::u=joe,s=k=v==,r=cam,m=publish,t=stream,h=x,abc_def=9", "cam", "joe", "k=v==")]
    public void Both_forms_are_read(string text, string resource, string? user, string? key)
        => Assert.Equal(new SrtStreamId(resource, user, key), SrtStreamId.Parse(text, out _, out _));

    [Fact]
    public void Any_text_is_refused_or_gives_a_legal_name()
    {
        var random = new Random(7);
        const string Alphabet = "#!:,=rmust{}ab/.\0é-_ 9";
        for (int i = 0; i < 20_000; i++)
        {
            string text = new([.. Enumerable.Range(0, random.Next(24)).Select(_ => Alphabet[random.Next(Alphabet.Length)])]);
            if (i % 2 == 0) { text = "#!::" + text; }
            SrtStreamId? id = SrtStreamId.Parse(text, out _, out string reason);
            Assert.True(id is null ? reason.Length > 0 : Mirror.Streams.StreamId.IsValid(id.Resource));
        }
    }

    [Theory]
    [InlineData("02007530C0A80001", "192.168.0.1:30000")]
    [InlineData("0A00753000000000FE800000000000000000000000000001000000000000", "[fe80::1]:30000")]
    [InlineData("0A0075300000000000000000000000000000FFFF7F00000100000000", "127.0.0.1:30000")]
    [InlineData("", "0.0.0.0:0")]
    [InlineData("0200", "0.0.0.0:0")]
    public void Socket_addresses_are_read(string hex, string expected)
    {
        byte[] bytes = Convert.FromHexString(hex);
        if (hex.StartsWith("02007", StringComparison.Ordinal)) { Array.Resize(ref bytes, 16); }
        Assert.Equal(expected, SrtAddress.Parse(bytes).ToString());
    }
}
