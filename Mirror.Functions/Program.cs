using Mirror.Functions;
using Mirror.ServiceDefaults.Hosting;

return await MirrorHost.RunAsync(args, builder => builder.AddMirrorFunctions(), app => app.MapMirrorFunctions());
