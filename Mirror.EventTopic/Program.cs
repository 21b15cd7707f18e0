using Mirror.EventTopic;
using Mirror.ServiceDefaults.Hosting;

return await MirrorHost.RunAsync(args, builder => builder.AddMirrorEventTopic(), app => app.MapMirrorEventTopic());
