using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Mirror.GpuTranscode.Packaging;
using Mirror.LocalCluster;

namespace Mirror.Benchmarks.Ingest;

/// <summary>
/// How long a part takes from its newest picture's last packet to the hands of a viewer that waits for it: one who asks for the playlist
/// and then the part, as hls.js does, and one who asks for the hinted part, as AVPlayer does.
/// </summary>
/// <remarks>
/// The sender tells when it sent each byte, on the clock that this process reads too. The last packet counts as arrived one SRT latency
/// window later, since that is when SRT hands it over, lost packets or not.
/// </remarks>
internal sealed partial class LatencyBench : IBench
{
    private const double SrtLatencyMilliseconds = 120;       // Mirror's default
    private const long TimelineOffset90k = StreamPackager.TimelineOffsetSeconds * 90_000;
    private const int Megabits = 5;
    private const int StartSeconds = 5;                      // until the playlist is there and the first parts were left out
    private static readonly TimeSpan PartDuration = TimeSpan.FromMilliseconds(100);

    public string Name => "latency";

    public string Options => "";

    public string Description => "from a part's last packet to the part in a viewer's hands";

    public async Task RunAsync(BenchRun run)
    {
        int seconds = run.Options.Number("--seconds", 20, 1);
        int senderSeconds = seconds + StartSeconds;
        string sender = BenchMedia.Compile("srt-sender");
        string file = BenchMedia.Make(Megabits, Math.Max(run.Options.IsBrief ? BenchMedia.BriefSeconds : BenchMedia.Seconds, senderSeconds + 1));
        Dictionary<long, long> ends = PictureEnds(await File.ReadAllBytesAsync(file));
        (int port, int http) = (FreePorts.Take(), FreePorts.Take());
        string folder = Directory.CreateTempSubdirectory("mirror-bench-").FullName;
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{http}/live/bench0/source/"), Timeout = TimeSpan.FromSeconds(30) };
        using MeasuredProcess mirror = MeasuredProcess.StartMirror(port, http, folder);
        await mirror.WaitUntilReadyAsync(client);
        using MeasuredProcess sending = MeasuredProcess.Start(sender, $"{port}", "0", "1", $"{Megabits * 1_000_000}", $"{senderSeconds}", file);
        string firstLine = await sending.FirstLine;
        if (firstLine.Length == 0) { sending.ThrowIfEnded("the sender"); }
        double start = double.Parse(firstLine.Split(' ')[1], CultureInfo.InvariantCulture);
        await WaitForPlaylistAsync(client);
        double SentAt(byte[] part) => start + ends[NewestPicture(part)] * 8 / (Megabits * 1e6);
        int settling = run.Options.IsBrief ? 5 : 20;         // parts while everything is compiled and the playlist is new
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(seconds) + settling * PartDuration);
        Task<List<double>> byPlaylist = FollowAsync(client, SentAt, byHint: false, settling, stop.Token);
        Task<List<double>> byHint = FollowAsync(client, SentAt, byHint: true, settling, stop.Token);
        Console.WriteLine($"Latency of parts of 100 ms, {Megabits} Mbit/s, SRT latency {SrtLatencyMilliseconds} ms, milliseconds");
        Console.WriteLine($"{"viewer asks for",-30}{"parts",6}{"p50",8}{"p95",8}{"p99",8}{"max",8}");
        await ReportAsync("playlist, then part", byPlaylist);
        await ReportAsync("hinted part", byHint);

        Task ReportAsync(string viewer, Task<List<double>> following) => run.MeasureAsync(viewer, async () =>
        {
            List<double> latencies = await following;
            if (latencies.Count == 0) { throw new InvalidOperationException("no part was fetched"); }
            Print(viewer, "arrived → fetched", latencies, -SrtLatencyMilliseconds);
            return new BenchFigure(Print(viewer, "sent → fetched", latencies, 0), "ms sent → fetched, p50");
        });
    }

    private static async Task WaitForPlaylistAsync(HttpClient client)
    {
        const int Attempts = 100;                            // 10 s
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            using HttpResponseMessage response = await client.GetAsync("playlist.m3u8");
            if (response.IsSuccessStatusCode) { return; }
            await Task.Delay(100);
        }
        throw new TimeoutException("The stream did not appear.");
    }

    /// <returns>The median.</returns>
    private static double Print(string viewer, string what, List<double> latencies, double offset)
    {
        double[] sorted = [.. latencies.Select(latency => latency + offset).Order()];
        double At(double share) => sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];
        Console.WriteLine($"{viewer,-20} {what,-18}{sorted.Length,6}{At(0.50),8:F1}{At(0.95),8:F1}{At(0.99),8:F1}{sorted[^1],8:F1}");
        return At(0.50);
    }

    private static async Task<List<double>> FollowAsync(HttpClient client, Func<byte[], double> sentAt, bool byHint, int settling, CancellationToken stop)
    {
        var latencies = new List<double>();
        string playlist = await client.GetStringAsync("playlist.m3u8", CancellationToken.None);
        for (int parts = 0; !stop.IsCancellationRequested; parts++)
        {
            string part;
            if (byHint)
            {
                part = Hint().Match(playlist).Groups[1].Value;
            }
            else
            {
                Match next = Hint().Match(playlist);
                playlist = await client.GetStringAsync($"playlist.m3u8?_HLS_msn={next.Groups[2].Value}&_HLS_part={next.Groups[3].Value}", CancellationToken.None);
                part = Part().Matches(playlist)[^1].Groups[1].Value;
            }
            using HttpResponseMessage response = await client.GetAsync(part, CancellationToken.None);
            byte[] bytes = await response.Content.ReadAsByteArrayAsync(CancellationToken.None);
            double now = Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
            if (response.IsSuccessStatusCode && parts >= settling) { latencies.Add((now - sentAt(bytes)) * 1000); }
            if (byHint) { playlist = await client.GetStringAsync("playlist.m3u8", CancellationToken.None); }
        }
        return latencies;
    }

    /// <summary>Decoding time of the last sample of a part, on the input's clock.</summary>
    private static long NewestPicture(byte[] part)
    {
        ReadOnlySpan<byte> bytes = part;
        ReadOnlySpan<byte> tfhd = bytes[(bytes.IndexOf("tfhd"u8) - 4)..];
        ReadOnlySpan<byte> tfdt = bytes[(bytes.IndexOf("tfdt"u8) - 4)..];
        ReadOnlySpan<byte> trun = bytes[(bytes.IndexOf("trun"u8) - 4)..];
        uint flags = BinaryPrimitives.ReadUInt32BigEndian(trun[8..]) & 0xFF_FFFF;
        if ((flags & 0x100) != 0) { throw new InvalidOperationException("the media of this bench has one frame duration"); }
        long samples = BinaryPrimitives.ReadUInt32BigEndian(trun[12..]);
        long duration = BinaryPrimitives.ReadUInt32BigEndian(tfhd[16..]);
        return BinaryPrimitives.ReadInt64BigEndian(tfdt[12..]) + (samples - 1) * duration - TimelineOffset90k;
    }

    /// <summary>For each picture's decoding time: where in the file its last packet ends.</summary>
    private static Dictionary<long, long> PictureEnds(byte[] media)
    {
        const int PacketLength = 188;
        var ends = new Dictionary<long, long>();
        int video = -1;
        long current = -1;
        for (int at = 0; at + PacketLength <= media.Length; at += PacketLength)
        {
            ReadOnlySpan<byte> packet = media.AsSpan(at, PacketLength);
            int pid = BinaryPrimitives.ReadUInt16BigEndian(packet[1..]) & 0x1FFF;
            bool startsUnit = (packet[1] & 0x40) != 0;
            bool hasPayload = (packet[3] & 0x10) != 0;
            ReadOnlySpan<byte> payload = packet[((packet[3] & 0x20) != 0 ? 5 + packet[4] : 4)..];
            if (startsUnit && hasPayload && payload.Length > 19 && payload.StartsWith<byte>([0, 0, 1]) && payload[3] is >= 0xE0 and <= 0xEF)
            {
                video = pid;
                bool hasDts = (payload[7] & 0x40) != 0;
                current = Timestamp(payload[(hasDts ? 14 : 9)..]);
            }
            if (pid == video && hasPayload) { ends[current] = at + PacketLength; }
        }
        return ends;
    }

    private static long Timestamp(ReadOnlySpan<byte> field)
        => (long)(field[0] >> 1 & 7) << 30 | (long)(BinaryPrimitives.ReadUInt16BigEndian(field[1..]) >> 1) << 15 | (long)(BinaryPrimitives.ReadUInt16BigEndian(field[3..]) >> 1);

    [GeneratedRegex("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"((\\d+)\\.(\\d+)\\.m4s)\"")]
    private static partial Regex Hint();

    [GeneratedRegex("#EXT-X-PART:[^\n]*URI=\"([^\"]+)\"")]
    private static partial Regex Part();
}
