using Microsoft.Azure.Functions.Worker.Builder;
using Mirror.Functions;
using Mirror.ServiceDefaults.Hosting;

// The isolated worker of Azure Functions: the host calls the functions, which are those that Program.cs runs by itself.
FunctionsApplicationBuilder builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
builder.AddMirrorDefaults();
builder.AddMirrorFunctionServices();
await builder.Build().RunAsync();
