namespace Mirror.Benchmarks.Ingest;

/// <summary>Constant-rate transport streams of noise, which no encoder can shrink: 720p30 H.264 with a key frame every half second, and AAC.</summary>
internal static class BenchMedia
{
    /// <summary>Length of the media of most benches.</summary>
    public const int Seconds = 30;

    /// <summary>Length of the media of a brief run, which is soon made.</summary>
    public const int BriefSeconds = 8;

    private static readonly string Folder = Path.Combine(Path.GetTempPath(), "mirror-bench");

    /// <summary>Makes the stream, or takes the one that an earlier run made.</summary>
    /// <returns>The file.</returns>
    public static string Make(int megabits, int seconds)
    {
        int video = megabits * 940;   // kbit/s; the rest is audio, packet headers and stuffing
        return MakeOnce($"{megabits}mbps-{seconds}s.ts", $"-f lavfi -i testsrc2=size=1280x720:rate=30,noise=alls=60:allf=t -f lavfi -i sine=frequency=440:sample_rate=48000 -t {seconds} "
            + $"-c:v libx264 -preset ultrafast -tune zerolatency -g 15 -keyint_min 15 -sc_threshold 0 -b:v {video}k -minrate {video}k -maxrate {video}k -bufsize {video / 4}k "
            + $"-pix_fmt yuv420p -c:a aac -b:a 128k -muxrate {megabits}M -f mpegts");
    }

    /// <summary>Makes a file with ffmpeg, or takes the one that an earlier run made.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="words">What ffmpeg is to make, all but the file.</param>
    /// <returns>The file.</returns>
    public static string MakeOnce(string name, string words)
    {
        Directory.CreateDirectory(Folder);
        string file = Path.Combine(Folder, name);
        if (File.Exists(file)) { return file; }
        Console.WriteLine($"encoding {name}…");
        string partial = $"{file}.{Environment.ProcessId}";
        BenchTool.Run("ffmpeg", $"-v error -nostdin -y {words} {partial}");
        File.Move(partial, file, overwrite: true);
        return file;
    }

    /// <summary>Compiles one of the C programs beside this one against libsrt.</summary>
    public static string Compile(string name)
    {
        Directory.CreateDirectory(Folder);
        string program = Path.Combine(Folder, name);
        string partial = $"{program}.{Environment.ProcessId}";
        BenchTool.Run("gcc", $"-O2 -o {partial} {Path.Combine(AppContext.BaseDirectory, "native", name + ".c")} -lsrt-gnutls");
        File.Move(partial, program, overwrite: true);
        return program;
    }
}
