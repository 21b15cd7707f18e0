namespace Mirror.EndToEnd.Srt;

/// <summary>Which stream ids publish, and the reject codes of SRT for those that do not.</summary>
public sealed class StreamIdTests(SharedMirror fixture) : IClassFixture<SharedMirror>
{
    private const int BadRequest = 1400;
    private const int BadMode = 1405;

    [Theory]
    [InlineData("", BadRequest)]
    [InlineData("no space", BadRequest)]
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

    [Theory]
    [InlineData("#!::bmd_uuid=0f8d,bmd_name=Studio 1, left,u=camera_2-A,", "camera_2-A")]
    [InlineData("live/camera_2-B", "camera_2-B")]
    [InlineData("publish:camera_2-C", "camera_2-C")]
    [InlineData("%23%21%3A%3Ar%3Dcamera_2-D%2Cm%3Dpublish", "camera_2-D")]
    public Task Forms_of_real_encoders_publish(string streamId, string name) => Both_forms_publish(streamId, name);

    [Fact]
    public async Task A_caller_without_a_name_publishes_the_configured_stream()
    {
        await using MirrorServer server = await MirrorServer.StartAsync("--ingestion.srt.default_stream", "studio", "--ingestion.srt.path_names", "joined");
        using SrtCaller? nameless = SrtCaller.TryConnect(server.SrtPort, "");
        using SrtCaller? path = SrtCaller.TryConnect(server.SrtPort, "/live/cam");
        await server.WaitForStatusAsync("studio", "connecting");
        await server.WaitForStatusAsync("live-cam", "connecting");
    }
}
