using System.Text.Json.Nodes;

namespace Mirror.EndToEnd.Cases;

/// <summary>AAC whose channel layout stands in a program config element.</summary>
public sealed class ChannelLayoutCaseTests(SharedMirror fixture, ITestOutputHelper output) : IClassFixture<SharedMirror>
{
    /// <summary>B01: 5.1 with side speakers, as FFmpeg writes it. No browser takes the layout, so the encoded rendition is what is heard.</summary>
    [Fact]
    public async Task The_layout_of_5_1_is_heard_in_a_browser()
    {
        MirrorServer server = fixture.Mirror;
        await using CasePush push = CasePush.Start(server, CaseFile.Read("B01.ts"), "surround");
        await Eventually.TrueAsync(async () =>
        {
            using HttpResponseMessage response = await server.Client.GetAsync(server.Playlist("surround"));
            return (await response.Content.ReadAsStringAsync()).Contains("audio-aac/", StringComparison.Ordinal);
        }, "audio-aac is offered");
        await server.WaitForReasonAsync("surround", "6 channels");
        await push.ArrivedAsync();
        JsonNode? stream = await server.GetStreamAsync("surround");
        Assert.Equal(0, (int)stream!["stats"]!["frame_buffer_stats"]!["frames_dropped"]!);
        await server.StopStreamAsync("surround");
        BrowserDecoder.Decoded decoded = await BrowserDecoder.DecodeAsync(server, "surround", "audio-aac", "audio/mp4; codecs=\"mp4a.40.2\"");
        output.WriteLine($"{decoded}");
        Assert.Equal(1, decoded.Ranges);
        Assert.True(decoded.AudioBytes > 0, "audio was decoded");
        Assert.InRange(decoded.Seconds, 4, 20);
    }

    /// <summary>Four channels have no channel configuration: the encoded rendition has them, and the API says why there is no other.</summary>
    [Fact]
    public async Task A_layout_that_no_browser_plays_is_offered_encoded()
    {
        MirrorServer server = fixture.Mirror;
        await using Tool push = Tool.Start("ffmpeg", "-v error -re -f lavfi -i testsrc2=size=160x90:rate=25 -re -f lavfi -i sine=r=48000 -c:v libx264 -preset ultrafast -g 25 "
            + "-af aformat=channel_layouts=quad -c:a aac -f mpegts", server.SrtUrl("quad"));
        await server.WaitForPlaylistAsync("quad");
        await Eventually.TrueAsync(async () => (await server.Client.GetStringAsync(server.Playlist("quad"))).Contains("audio-aac/", StringComparison.Ordinal), "audio-aac is offered");
        Assert.DoesNotContain("/audio/", await server.Client.GetStringAsync(server.Playlist("quad")), StringComparison.Ordinal);
        await server.WaitForReasonAsync("quad", "4 channels");
    }
}
