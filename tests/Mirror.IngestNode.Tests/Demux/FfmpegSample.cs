using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Mirror.IngestNode.Tests.Demux;

/// <summary>Transport streams made by FFmpeg for the test run, and what FFprobe says of them.</summary>
internal static class FfmpegSample
{
    private static readonly ConcurrentDictionary<string, Lazy<byte[]>> Cache = new();

    public sealed record ProbedPacket(bool IsVideo, long? Pts, long? Dts, bool IsKey, int Size);

    /// <summary>The output of <c>ffmpeg … -f mpegts -</c>.</summary>
    public static byte[] Make(string arguments) => MakeAs("mpegts", arguments);

    /// <summary>The output of ffmpeg in another format.</summary>
    public static byte[] MakeAs(string format, string arguments)
        => Cache.GetOrAdd($"{arguments} -f {format} -", key => new Lazy<byte[]>(() => Run("ffmpeg", $"-v error -nostdin -threads 2 {key}", []))).Value;

    /// <summary>Video of <paramref name="size"/> at <paramref name="rate"/>, optionally with a tone.</summary>
    public static string Inputs(string size, string rate, double seconds, bool withAudio)
        => string.Create(CultureInfo.InvariantCulture, $"-f lavfi -i testsrc2=s={size}:r={rate}:d={seconds}")
            + (withAudio ? string.Create(CultureInfo.InvariantCulture, $" -f lavfi -i sine=r=48000:d={seconds} -ac 2") : "");

    public static List<ProbedPacket> Probe(byte[] stream, string format = "mpegts")
    {
        string text = System.Text.Encoding.UTF8.GetString(Run("ffprobe", $"-v error -f {format} -i - -show_entries packet=codec_type,pts,dts,flags,size -of compact=p=0", stream));
        List<ProbedPacket> packets = [];
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Dictionary<string, string> fields = line.Trim().Split('|').Select(f => f.Split('=', 2)).Where(f => f.Length == 2).ToDictionary(f => f[0], f => f[1]);
            static long? Number(string? value) => long.TryParse(value, CultureInfo.InvariantCulture, out long number) ? number : null;
            packets.Add(new ProbedPacket(fields["codec_type"] == "video", Number(fields.GetValueOrDefault("pts")), Number(fields.GetValueOrDefault("dts")),
                fields["flags"].StartsWith('K'), int.Parse(fields["size"], CultureInfo.InvariantCulture)));
        }
        return packets;
    }

    public static byte[] Run(string program, string arguments, byte[] input)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task writing = Task.Run(() =>
        {
            try
            {
                process.StandardInput.BaseStream.Write(input);
                process.StandardInput.Close();
            }
            catch (IOException) { }       // the program read as much as it wanted
        });
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();
        writing.Wait();
        Assert.True(process.ExitCode == 0, $"{program} {arguments}: {errors.Result}");
        return output.ToArray();
    }
}
