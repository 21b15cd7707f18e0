return await Mirror.Origin.OriginHost.RunAsync(args);
