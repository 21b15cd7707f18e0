using Mirror.Benchmarks.Ingest;

namespace Mirror.Benchmarks.Soak;

/// <summary>What short streams push: 640×360 at 16 frames a second, the smallest picture that has a 360p rendition, with AAC of more than the ladder's 64 kbit/s, so that sound is encoded too.</summary>
internal static class SoakMedia
{
    public const int BitsPerSecond = 800_000;

    private const int Seconds = 60;                          // longer than any of them is pushed

    public static async Task<byte[]> ReadAsync()
        => await File.ReadAllBytesAsync(BenchMedia.MakeOnce($"soak-{Seconds}s.ts", $"-f lavfi -i testsrc2=size=640x360:rate=16 -f lavfi -i sine=frequency=440:sample_rate=48000 -t {Seconds} -c:v libx264 -preset veryfast "
            + $"-tune zerolatency -g 8 -keyint_min 8 -sc_threshold 0 -b:v 450k -maxrate 500k -bufsize 250k -pix_fmt yuv420p -c:a aac -b:a 128k -ac 2 -muxrate {BitsPerSecond} -f mpegts"));
}
