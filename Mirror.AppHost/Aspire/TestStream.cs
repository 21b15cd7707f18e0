using System.Diagnostics;

namespace Mirror.AppHost;

/// <summary>What the dashboard's commands do: push a test pattern with ffmpeg, and show it.</summary>
internal static class TestStream
{
    /// <summary>Starts to push; it goes on until ffmpeg is ended, or the publisher is stopped through the API.</summary>
    public static Task<ExecuteCommandResult> StartAsync(string stream, int srtPort, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        const string Source = "-re -f lavfi -i testsrc2=size=1280x720:rate=30 -re -f lavfi -i sine=frequency=330:beep_factor=2:sample_rate=48000 -pix_fmt yuv420p "
            + "-c:v libx264 -preset veryfast -tune zerolatency -g 15 -keyint_min 15 -sc_threshold 0 -b:v 3M -c:a aac -b:a 128k -f mpegts";
        try
        {
            using Process? process = Process.Start(new ProcessStartInfo("ffmpeg", [.. $"-loglevel error -nostdin {Source}".Split(' '), $"srt://127.0.0.1:{srtPort}?streamid={stream}&pkt_size=1316"]));
            return Task.FromResult(CommandResults.Success());
        }
        catch (System.ComponentModel.Win32Exception error) { return Task.FromResult(CommandResults.Failure($"ffmpeg cannot be started: {error.Message}")); }
    }

    /// <summary>Opens the player in the browser of this machine.</summary>
    public static Task<ExecuteCommandResult> OpenPlayerAsync(EndpointReference origin, string stream, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using Process? browser = Process.Start(new ProcessStartInfo($"{origin.Url}/watch/{stream}") { UseShellExecute = true });
        return Task.FromResult(CommandResults.Success());
    }
}
