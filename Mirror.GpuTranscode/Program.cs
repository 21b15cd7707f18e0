using Mirror.GpuTranscode;
using Mirror.ServiceDefaults.Hosting;

return await MirrorHost.RunAsync(args, builder => builder.AddMirrorTranscode(), app => app.MapMirrorTranscode());
