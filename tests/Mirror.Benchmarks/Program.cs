using Mirror.Benchmarks;
using Mirror.Benchmarks.Clusters;
using Mirror.Benchmarks.Http;
using Mirror.Benchmarks.Ingest;
using Mirror.Benchmarks.Soak;
using Mirror.Benchmarks.Transcode;
using Mirror.Standalone;

// Those that start with "serve-" are the servers that benches start as processes of their own.
return args switch
{
    ["serve-mirror", .. string[] rest] => await StandaloneHost.RunAsync(rest),
    ["serve-origin", string folder] => await OriginProcess.RunAsync(folder),
    ["serve-bare", string folder] => await BareKestrelProcess.RunAsync(folder),
    _ => await BenchProgram.RunAsync([new AllocationBench(), new IngestBench(), new LatencyBench(), new ClusterLatencyBench(), new TranscodeBench(), new HttpBench(), new SoakBench()], args),
};
