using Mirror.Benchmarks.Clusters;
using Mirror.Benchmarks.Http;
using Mirror.Benchmarks.Ingest;
using Mirror.Benchmarks.Soak;
using Mirror.Benchmarks.Transcode;
using Mirror.Standalone;

// Each bench is a subcommand; those that start with "serve-" are the servers that the http bench starts as processes of their own.
return args switch
{
    ["transcode", .. string[] rest] => await TranscodeBench.RunAsync(rest),
    ["http", .. string[] rest] => await HttpBench.RunAsync(rest),
    ["ingest", .. string[] rest] => await IngestBench.RunAsync(rest),
    ["latency", .. string[] rest] => await LatencyBench.RunAsync(rest),
    ["cluster", .. string[] rest] => await ClusterLatencyBench.RunAsync(rest),
    ["soak", .. string[] rest] => await SoakBench.RunAsync(rest),
    ["allocations"] => await AllocationBench.RunAsync(),
    ["serve-mirror", .. string[] rest] => await StandaloneHost.RunAsync(rest),
    ["serve-origin", string folder] => await OriginProcess.RunAsync(folder),
    ["serve-bare", string folder] => await BareKestrelProcess.RunAsync(folder),
    [] => await RunAllAsync(),
    _ => Usage(),
};

static async Task<int> RunAllAsync()
{
    int failed = await AllocationBench.RunAsync() + await IngestBench.RunAsync([]) + await LatencyBench.RunAsync([]) + await ClusterLatencyBench.RunAsync([]) + await TranscodeBench.RunAsync([])
        + await HttpBench.RunAsync([]);
    return failed == 0 ? 0 : 1;
}

static int Usage()
{
    Console.Error.WriteLine(
        """
        usage: dotnet run -c Release --project tests/Mirror.Benchmarks -- BENCH
          ingest [--seconds N] [--only STREAMSxMBPS]      CPU and memory from SRT to a stored part, beside a C receiver and srt-live-transmit
          latency [--seconds N]                           from a part's last packet to the part in a viewer's hands
          cluster [--seconds N]                           from a part stored by one process to the part at a viewer of another
          allocations                                     bytes allocated a packet and a part, and time a byte, from packets to stored parts
          transcode [--seconds N]                         CPU and latency of a ladder, beside the ffmpeg program making the same
          http [--seconds N] [--rounds N] [--only TEXT]   CPU and rate of delivery, beside a bare Kestrel and nginx
          soak [--starts N] [--minutes M] [--parallel N]  whether memory stays flat over starts and stops of streams and a long transcoding; no part of a run of all
        """);
    return 2;
}
