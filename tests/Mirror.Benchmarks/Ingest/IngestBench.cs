namespace Mirror.Benchmarks.Ingest;

/// <summary>CPU and memory of receiving SRT, for Mirror the whole way to a stored part, beside a bare receiver in C and srt-live-transmit, in one run.</summary>
internal sealed class IngestBench : IBench
{
    private static readonly (int Streams, int Megabits)[] Loads = [(1, 10), (5, 10), (10, 10), (25, 10), (1, 50), (5, 50), (10, 50)];
    private static readonly (int Streams, int Megabits)[] BriefLoads = [(4, 10)];

    public string Name => "ingest";

    public string Options => "loads are STREAMSxMBPS, such as --only 10x50";

    public string Description => "CPU and memory from SRT to a stored part, beside a C receiver and srt-live-transmit";

    public async Task RunAsync(BenchRun run)
    {
        int seconds = run.Options.Number("--seconds", 12, 1);
        string sender = BenchMedia.Compile("srt-sender");
        string receiver = BenchMedia.Compile("srt-receiver");
        Console.WriteLine($"Ingest over SRT: {seconds} s each, the sender beside it on the same {Environment.ProcessorCount} cores");
        Console.WriteLine($"{"load",-10}{"receiver",-20}{"CPU s/Gbit",11}{"core %/stream",15}{"MiB/stream",12}{"lost",7}{"ratio to C",12}");
        foreach ((int streams, int megabits) in run.Options.IsBrief ? BriefLoads : Loads)
        {
            string name = $"{streams}x{megabits}";
            var load = new IngestLoad(sender, streams, megabits, TimeSpan.FromSeconds(seconds), run.Options.IsBrief);
            IngestResult? floor = null;
            await MeasureAsync("C, libsrt + epoll", async () => floor = await load.MeasureAsync(port => [MeasuredProcess.Start(receiver, $"{port}")], step: 0));
            await MeasureAsync("srt-live-transmit", () => load.MeasureAsync(port => [.. Enumerable.Range(0, streams).Select(i => StartLiveTransmit(port + i))], step: 1));
            await MeasureAsync("Mirror", load.MeasureMirrorAsync);

            Task MeasureAsync(string who, Func<Task<IngestResult>> measure) => run.MeasureAsync($"{name} {who}", async () =>
            {
                IngestResult result = await measure();
                string ratio = floor is null ? "" : $"{result.CpuPerGigabit / floor.CpuPerGigabit:F2}";
                Console.WriteLine($"{name,-10}{who,-20}{result.CpuPerGigabit,11:F2}{result.Cores / streams * 100,15:F1}{result.ResidentMiB / streams,12:F1}{result.Lost?.ToString() ?? "",7}{ratio,12}");
                return new BenchFigure(result.CpuPerGigabit, "CPU s/Gbit");
            });
        }
    }

    private static MeasuredProcess StartLiveTransmit(int port)
    {
        BenchTool.Require("srt-live-transmit");
        return MeasuredProcess.Start("sh", "-c", $"exec srt-live-transmit -q 'srt://:{port}?mode=listener' file://con >/dev/null");
    }
}
