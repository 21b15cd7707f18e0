using Mirror.GpuTranscode;
using Mirror.ServiceDefaults.Hosting;

return TranscodeWorker.IsWanted(args) ? TranscodeWorker.Run(args) : await RunNodeAsync(args);

// Apart, so that a worker need not load what a node is made of.
static Task<int> RunNodeAsync(string[] args) => MirrorHost.RunAsync(args, builder => builder.AddMirrorTranscode(), app => app.MapMirrorTranscode());
