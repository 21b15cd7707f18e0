using Mirror.IngestNode.Srt;

namespace Mirror.IngestNode.Tests.Srt;

public sealed class SrtStreamIdTests
{
    [Theory]
    [InlineData("cam", "cam", null, null)]
    [InlineData("#!::r=cam,m=publish", "cam", null, null)]
    [InlineData("#!::r=cam", "cam", null, null)]
    [InlineData("#!::u=joe,s=k=v==,r=cam,m=publish,t=stream,h=x,abc_def=9", "cam", "joe", "k=v==")]
    [InlineData("#!::h=host,r=cam,m=publish", "cam", null, null)]
    [InlineData("#!::m=publish,h=host,r=cam", "cam", null, null)]
    public void Both_forms_are_read(string text, string resource, string? user, string? key)
        => Assert.Equal(new SrtStreamId(resource, user, key), SrtStreamId.Parse(text, new SrtOptions(), out _, out _));

    [Theory]
    [InlineData("#!::u=cam", "cam")]
    [InlineData("#!::bmd_uuid=0f8d,bmd_name=Web Presenter,u=cam", "cam")]
    [InlineData("#!::bmd_name=Studio 1, left,u=cam,bmd_uuid=0f8d", "cam")]
    [InlineData("#!::u=joe,r=cam,", "cam")]
    [InlineData("#!::,r=cam,,m=publish,,", "cam")]
    [InlineData("#!::r=cam, m=publish", "cam")]
    [InlineData("#!::r=,u=cam", "cam")]
    [InlineData("#!::r=cam,bmd_name=a,r=other", "cam")]
    [InlineData("#!::r=cam,m=publish,what", "cam")]
    [InlineData("#!::r=live/cam?secret=x,m=publish", "cam")]
    [InlineData("live/cam", "cam")]
    [InlineData("/cam", "cam")]
    [InlineData("cam/", "cam")]
    [InlineData("//live//studio/cam", "cam")]
    [InlineData("publish:cam", "cam")]
    [InlineData("publish:live/cam", "cam")]
    [InlineData("publish:/cam", "cam")]
    [InlineData("srt://host:30000/live/cam?key=x", "cam")]
    [InlineData("cam?key=x", "cam")]
    [InlineData(" cam ", "cam")]
    [InlineData("live%2Fcam", "cam")]
    [InlineData("c%61m", "cam")]
    [InlineData("publish%3Acam", "cam")]
    [InlineData("%23!::r=cam,m=publish", "cam")]
    [InlineData("%23%21%3A%3Ar%3Dcam%2Cm%3Dpublish", "cam")]
    [InlineData("%2523%2521%253A%253Ar%253Dcam", "cam")]
    [InlineData("#!::r%3Dcam%2Cm%3Dpublish", "cam")]
    [InlineData("#!::r=cam%2Cm=publish", "cam")]
    [InlineData("#!::bmd_name=Studio%2C%20left,u=c%61m", "cam")]
    public void Forms_of_real_encoders_are_read(string text, string name)
        => Assert.Equal(name, SrtStreamId.Parse(text, new SrtOptions(), out _, out string reason)?.Resource ?? reason);

    [Fact]
    public void A_user_and_a_key_after_a_path_are_read()
        => Assert.Equal(new SrtStreamId("cam", "joe", "k:v"), SrtStreamId.Parse("publish:live/cam:joe:k:v", new SrtOptions(), out _, out _));

    [Theory]
    [InlineData("", 1400)]
    [InlineData("/", 1400)]
    [InlineData("#!::", 1400)]
    [InlineData("#!::m=publish", 1400)]
    [InlineData("#!::r", 1400)]
    [InlineData("#!::=cam", 1400)]
    [InlineData("#!:{r=cam}", 1400)]
    [InlineData("#!::r=cam,1,m=publish", 1400)]
    [InlineData("my cam", 1400)]
    [InlineData("-cam", 1400)]
    [InlineData("live/../cam", 1400)]
    [InlineData("#!::r=../../etc,m=publish", 1400)]
    [InlineData("%2e%2e/cam", 1400)]
    [InlineData("live/cäm", 1400)]
    [InlineData("#!::r=cam,m=request", 1405)]
    [InlineData("#!::r=cam%2Cm%3Drequest", 1405)]
    [InlineData("#!::r=cam,t=file", 1405)]
    [InlineData("read:cam", 1405)]
    public void Others_are_refused_with_code_and_reason(string text, int code)
    {
        Assert.Null(SrtStreamId.Parse(text, new SrtOptions(), out SrtRejection rejection, out string reason));
        Assert.Equal(code, (int)rejection);
        Assert.NotEmpty(reason);
    }

    [Theory]
    [InlineData("my cam,s=secret")]
    [InlineData("my cam?key=secret")]
    [InlineData("publish:my cam:joe:secret")]
    [InlineData("#!::r=my cam,s=secret")]
    [InlineData("cam\r\nsecret")]
    public void A_reason_holds_no_secret_and_no_control_character(string text)
    {
        Assert.Null(SrtStreamId.Parse(text, new SrtOptions(), out _, out string reason));
        Assert.DoesNotContain("secret", reason, StringComparison.Ordinal);
        Assert.DoesNotContain(reason, char.IsControl);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("#!::m=publish")]
    [InlineData("#!::bmd_name=Studio, left,m=publish")]
    public void A_caller_without_a_name_gets_the_configured_one(string text)
        => Assert.Equal("studio", SrtStreamId.Parse(text, new SrtOptions { DefaultStream = "studio" }, out _, out _)?.Resource);

    [Theory]
    [InlineData(SrtPathNames.Last, "live/studio/cam", "cam")]
    [InlineData(SrtPathNames.Joined, "live/studio/cam", "live-studio-cam")]
    [InlineData(SrtPathNames.Joined, "#!::r=/live/cam/,m=publish", "live-cam")]
    [InlineData(SrtPathNames.Refused, "live/cam", null)]
    [InlineData(SrtPathNames.Refused, "/cam", "cam")]
    internal void Paths_give_names_as_configured(SrtPathNames rule, string text, string? name)
        => Assert.Equal(name, SrtStreamId.Parse(text, new SrtOptions { PathNames = rule }, out _, out _)?.Resource);

    [Fact]
    public void Any_text_is_refused_or_gives_a_legal_name()
    {
        var random = new Random(7);
        const string Alphabet = "#!:,=rmust{}ab/.\0é-_ 9%2C";
        for (int i = 0; i < 20_000; i++)
        {
            string text = new([.. Enumerable.Range(0, random.Next(24)).Select(_ => Alphabet[random.Next(Alphabet.Length)])]);
            if (i % 2 == 0) { text = "#!::" + text; }
            SrtStreamId? id = SrtStreamId.Parse(text, new SrtOptions(), out _, out string reason);
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
