namespace Mirror.EndToEnd.Srt;

/// <summary>Which stream ids publish, and the reject codes of SRT for those that do not.</summary>
public sealed class StreamIdTests(SharedMirror fixture) : IClassFixture<SharedMirror>
{
    private const int BadRequest = 1400;
    private const int BadMode = 1405;

    [Theory]
    [InlineData("", BadRequest)]
    [InlineData("no/slash", BadRequest)]
    [InlineData("-leading", BadRequest)]
    [InlineData("#!::m=publish", BadRequest)]
    [InlineData("#!::r=../../etc,m=publish", BadRequest)]
    [InlineData("#!::r", BadRequest)]
    [InlineData("#!:{r=a}", BadRequest)]
    [InlineData("#!::r=a,m=request", BadMode)]
    [InlineData("#!::r=a,m=bidirectional", BadMode)]
    [InlineData("#!::r=a,t=file", BadMode)]
    public void A_bad_one_is_refused_with_its_code(string streamId, int code)
    {
        using SrtCaller? caller = SrtCaller.TryConnect(fixture.Mirror.SrtPort, streamId);
        Assert.Null(caller);
        Assert.Equal(code, SrtCaller.LastRejection);
    }

    [Theory]
    [InlineData("camera_1-A", "camera_1-A")]
    [InlineData("#!::r=camera_1-B,m=publish", "camera_1-B")]
    [InlineData("#!::u=me,r=camera_1-C,m=publish,s=secret,h=host,x_own=1", "camera_1-C")]
    public async Task Both_forms_publish(string streamId, string name)
    {
        using SrtCaller? caller = SrtCaller.TryConnect(fixture.Mirror.SrtPort, streamId);
        Assert.NotNull(caller);
        await fixture.Mirror.WaitForStatusAsync(name, "connecting");
    }
}
