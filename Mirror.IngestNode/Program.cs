using Mirror.IngestNode;
using Mirror.ServiceDefaults.Hosting;

return await MirrorHost.RunAsync(args, builder => builder.AddMirrorIngest(), app => app.MapMirrorIngest());
