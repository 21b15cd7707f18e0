using System.Globalization;

namespace Mirror.EndToEnd.Media;

/// <summary>What ffmpeg decoded: every frame's presentation time and checksum, by stream.</summary>
public sealed class FrameList
{
    private readonly Dictionary<string, List<Frame>> _streams = new(StringComparer.Ordinal);

    public IReadOnlyList<Frame> Video => _streams.GetValueOrDefault("0") ?? [];

    /// <summary>Of a playlist with one stream, whatever it is.</summary>
    public IReadOnlyList<Frame> Only => Video;

    public IReadOnlyList<Frame> Audio => _streams.GetValueOrDefault("1") ?? [];

    /// <summary>Decodes a file or a playlist to its end. Any complaint of ffmpeg's is a failure.</summary>
    public static async Task<FrameList> DecodeAsync(string url, string inputWords = "")
    {
        // A viewer has a machine of its own: here it takes no time that the server could use.
        await using Tool ffmpeg = Tool.Start("nice",
            $"-n 10 ffmpeg -v error -xerror {inputWords} -i {url} -map 0:v? -map 0:a? -fps_mode passthrough -copyts -enc_time_base -1 -f framecrc -");
        string output = await ffmpeg.Output;
        string errors = await ffmpeg.Errors;
        Assert.Equal("", errors.Trim());
        Assert.Equal(0, await ffmpeg.ExitAsync());
        return Parse(output);
    }

    private static FrameList Parse(string output)
    {
        var list = new FrameList();
        var timeBases = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("#tb ", StringComparison.Ordinal))
            {
                string[] fraction = line.Split(": ")[1].Split('/');
                timeBases[line[4..line.IndexOf(':')]] = double.Parse(fraction[0], CultureInfo.InvariantCulture) / double.Parse(fraction[1], CultureInfo.InvariantCulture);
            }
            if (line[0] == '#') { continue; }
            string[] fields = line.Split(',', StringSplitOptions.TrimEntries);   // stream, dts, pts, duration, size, checksum
            if (!list._streams.TryGetValue(fields[0], out List<Frame>? frames)) { list._streams[fields[0]] = frames = []; }
            frames.Add(new Frame(long.Parse(fields[2], CultureInfo.InvariantCulture) * timeBases[fields[0]], fields[5]));
        }
        return list;
    }
}

/// <summary>One decoded frame.</summary>
/// <param name="Seconds">Presentation time.</param>
/// <param name="Checksum">Of its pixels or samples.</param>
public readonly record struct Frame(double Seconds, string Checksum);
