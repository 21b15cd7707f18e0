using Mirror.Origin;
using Mirror.ServiceDefaults.Hosting;

return await MirrorHost.RunAsync(args, builder => builder.AddMirrorSharedState().AddMirrorOrigin(), app => app.MapMirrorOrigin());
