using Mirror.EndToEnd.Media;

namespace Mirror.EndToEnd.Cases;

/// <summary>Streams whose parameter sets change while their format stays.</summary>
public sealed class ParameterSetCaseTests(SharedMirror fixture) : IClassFixture<SharedMirror>
{
    /// <summary>B21: each GOP has another picture parameter set.</summary>
    [Fact]
    public async Task A_parameter_set_for_each_GOP_costs_nothing()
    {
        MirrorServer server = fixture.Mirror;
        CaseFile file = CaseFile.Read("B21.ts");
        FrameList sent = await FrameList.DecodeAsync(file.Path);
        IReadOnlyList<Frame>[] played = await PlayCase.RenditionsAsync(server, file, "pps", ["source"]);
        Assert.InRange(played[0].Count, sent.Video.Count - 2, sent.Video.Count);
        Assert.Equal(sent.Video.Take(played[0].Count).Select(frame => frame.Checksum), played[0].Select(frame => frame.Checksum));
        PlayCase.AssertEven(played[0], 0.04);

        string playlist = await server.Client.GetStringAsync(PlayCase.Playlist(server, "pps", "source"));
        Assert.DoesNotContain("EXT-X-DISCONTINUITY\n", playlist, StringComparison.Ordinal);
        Assert.Single(playlist.Split('\n'), line => line.StartsWith("#EXT-X-MAP", StringComparison.Ordinal));

        BrowserDecoder.Decoded decoded = await BrowserDecoder.DecodeAsync(server, "pps", "source", "video/mp4; codecs=\"avc1.64000A\"");
        Assert.Equal(1, decoded.Ranges);
        Assert.InRange(decoded.Frames, played[0].Count - 5, played[0].Count);
    }
}
