using Mirror.Origin;
using Mirror.ServiceDefaults.Hosting;

return await MirrorHost.RunAsync(args, builder => builder.AddMirrorLocalAdapters().AddMirrorOrigin(), app => app.MapMirrorOrigin());
