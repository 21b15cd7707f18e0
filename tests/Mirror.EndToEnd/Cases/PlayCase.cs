using Mirror.EndToEnd.Media;

namespace Mirror.EndToEnd.Cases;

/// <summary>Plays what a case's file becomes.</summary>
internal static class PlayCase
{
    /// <summary>Pushes a file to its end and decodes renditions of it from the first segment to the last; any complaint of the decoder's is a failure.</summary>
    public static Task<IReadOnlyList<Frame>[]> RenditionsAsync(MirrorServer server, CaseFile file, params string[] renditions)
        => RenditionsAsync(server, file, "s" + Guid.NewGuid().ToString("N"), renditions);

    /// <inheritdoc cref="RenditionsAsync(MirrorServer, CaseFile, string[])"/>
    public static async Task<IReadOnlyList<Frame>[]> RenditionsAsync(MirrorServer server, CaseFile file, string stream, string[] renditions, CasePace? pace = null)
    {
        await using CasePush push = CasePush.Start(server, file, stream, pace);
        await server.WaitForPlaylistAsync(stream);
        Task<FrameList[]> playing = Task.WhenAll(renditions.Select(async rendition =>
        {
            await server.WaitForRenditionAsync(stream, rendition);
            return await FrameList.DecodeAsync(Playlist(server, stream, rendition).ToString(), "-live_start_index 0");
        }));
        await push.ArrivedAsync();
        await server.StopStreamAsync(stream);
        return [.. (await playing).Select(frames => frames.Only)];
    }

    /// <summary>Address of a rendition's playlist.</summary>
    public static Uri Playlist(MirrorServer server, string stream, string rendition) => new(server.Http, $"live/{stream}/{rendition}/playlist.m3u8");

    /// <summary>Asserts that frames follow one another at one distance.</summary>
    public static void AssertEven(IReadOnlyList<Frame> frames, double seconds)
        => Assert.All(frames.Zip(frames.Skip(1)), pair => Assert.Equal(seconds, pair.Second.Seconds - pair.First.Seconds, 0.001));
}
