using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.DependencyInjection;
using Mirror.EndToEnd.RealTime;
using Mirror.Streams.Announcements;

namespace Mirror.EndToEnd.Transcode;

/// <summary>A worker process that dies or hangs costs its stream's encoded renditions a moment, and nobody else anything.</summary>
[Trait(TestRuns.Trait, TestRuns.RealTime)]
public sealed class WorkerFailureTests(ITestOutputHelper output)
{
    private const string Stream = "show";
    private const string Rendition = "360p";
    private const int Kill = 9;
    private const int Stop = 19;
    private static readonly int Rounds = TestRuns.IsFull ? 10 : 2;
    private const int FramesOfHealth = 90;                   // 3 s: a worker that fails sooner is replaced ever more slowly
    private static readonly TimeSpan LongestOutage = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData("kill -9", Kill)]
    [InlineData("SIGSTOP", Stop)]
    public async Task The_source_misses_nothing_and_renditions_are_back_in_two_seconds(string name, int signal)
    {
        var limits = new RealTimeLimits(output);
        await using MirrorServer server = await MirrorServer.StartAsShippedAsync();
        await using Tool push = Tool.Start("ffmpeg",
            "-v error -re -f lavfi -i testsrc2=size=640x360:rate=30 -re -f lavfi -i sine=frequency=440:sample_rate=48000 -c:v libx264 -preset ultrafast -tune zerolatency -g 15 "
            + "-sc_threshold 0 -b:v 800k -pix_fmt yuv420p -c:a aac -b:a 96k -f mpegts -muxdelay 0 -muxpreload 0 -flush_packets 1", server.SrtUrl(Stream));
        await LadderTests.WaitForRenditionAsync(server, Stream);
        var announced = new ConcurrentQueue<(Announcement Announcement, long At)>();
        using IDisposable subscription = server.Services.GetRequiredService<IAnnouncements>().Subscribe(announcement => announced.Enqueue((announcement, Stopwatch.GetTimestamp())));

        var outages = new List<TimeSpan>();
        for (int round = 0; round < Rounds; round++)
        {
            long frames = await FramesEncodedAsync(server);
            await Eventually.TrueAsync(async () => await FramesEncodedAsync(server) >= frames + FramesOfHealth, "the worker has done well for a while");
            int worker = BusiestWorker();
            long hit = Stopwatch.GetTimestamp();
            Assert.Equal(0, SendSignal(worker, signal));
            // A part that was on its way when the worker was hit is no sign of life: its successor's parts are.
            await Eventually.TrueAsync(() => Task.FromResult(!IsRunning(worker) && PartsOf(announced, Rendition).Any(part => part.At > hit && !IsFromBefore(part, hit))),
                $"{Rendition} is back after {name}");
            outages.Add(Stopwatch.GetElapsedTime(hit, PartsOf(announced, Rendition).First(part => part.At > hit && !IsFromBefore(part, hit)).At));
            await LadderTests.WaitForRenditionAsync(server, Stream);
            await Eventually.TrueAsync(async () => (string?)(await server.GetStreamAsync(Stream))?["status"] == "active", "the stream is active again");
        }

        output.WriteLine($"{name}: {Rendition} was interrupted for {string.Join(", ", outages.Select(outage => outage.TotalSeconds.ToString("F2", CultureInfo.InvariantCulture)))} s");
        limits.AtMost($"{Rendition} interrupted by {name} of its worker", outages.Max(), LongestOutage);
        Assert.DoesNotContain(announced, entry => entry.Announcement is PartMissing { Rendition.Rendition: "source" or "audio" });
        AssertContiguous([.. PartsOf(announced, "source").Select(entry => entry.Part)]);
        var places = PartsOf(announced, Rendition).Select(entry => (entry.Part.Msn, entry.Part.PartIndex)).ToList();
        Assert.Equal(places.Count, places.Distinct().Count());
    }

    private static async Task<long> FramesEncodedAsync(MirrorServer server) => (long)(await server.GetStreamAsync(Stream))!["transcode"]!["renditions"]![0]!["frames_encoded"]!;

    private static bool IsFromBefore((PartReady Part, long At) part, long hit) => part.Part.ReceivedTimestamp < hit;

    private static IEnumerable<(PartReady Part, long At)> PartsOf(IEnumerable<(Announcement Announcement, long At)> announced, string rendition)
        => announced.Where(entry => entry.Announcement is PartReady && entry.Announcement.Rendition.Rendition == rendition).Select(entry => ((PartReady)entry.Announcement, entry.At));

    private static void AssertContiguous(IReadOnlyList<PartReady> parts)
    {
        foreach ((PartReady part, PartReady next) in parts.Zip(parts.Skip(1)))
        {
            Assert.Equal(part.EndsSegment || next.PartIndex == 0 ? (part.Msn + 1, 0) : (part.Msn, part.PartIndex + 1), (next.Msn, next.PartIndex));
        }
    }

    /// <summary>The worker process that has used the most processor time: the spare one has used none to speak of.</summary>
    private static int BusiestWorker() => Workers().MaxBy(worker => worker.ProcessorTicks).Id;

    private static bool IsRunning(int process) => Workers().Any(worker => worker.Id == process);

    private static IEnumerable<(int Id, long ProcessorTicks)> Workers()
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out int id)) { continue; }
            string[] stat;
            string command;
            try
            {
                stat = File.ReadAllText(Path.Combine(folder, "stat")).Split(") ")[^1].Split(' ');
                command = File.ReadAllText(Path.Combine(folder, "cmdline"));
            }
            catch (IOException) { continue; }                // it is gone already
            bool isChild = int.Parse(stat[1], CultureInfo.InvariantCulture) == Environment.ProcessId;
            if (isChild && command.Contains("transcode-worker", StringComparison.Ordinal)) { yield return (id, long.Parse(stat[11], CultureInfo.InvariantCulture)); }
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int process, int signal);
}
