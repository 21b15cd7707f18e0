using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Mirror.ServiceDefaults.Cluster;

namespace Mirror.Infra.Tests;

/// <summary>The Azure deployment compiles, and its files fit each other. Nothing is deployed.</summary>
public sealed partial class BicepTests
{
    private static readonly string Root = Metadata("RepositoryRoot");
    private static readonly Lazy<Task<(string Output, string Diagnostics)>> Main = new(() => CompileAsync(Path.Combine(Root, "infra", "bicep", "main.bicep")));

    [Fact]
    public async Task Bicep_compiles_without_a_warning()
    {
        (string Output, string Diagnostics)[] compiled = await Task.WhenAll(Main.Value, CompileAsync(Path.Combine(Root, "infra", "bicep", "event-subscription.bicep")));
        Assert.All(compiled, result => Assert.Equal("", result.Diagnostics));
        Assert.All(compiled, result => Assert.Contains("\"resources\"", result.Output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_parameter_that_azd_fills_in_is_one_of_the_template()
    {
        (string output, _) = await Main.Value;
        JsonNode given = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Root, "infra", "bicep", "main.parameters.json")))!["parameters"]!;
        JsonObject known = JsonNode.Parse(output)!["parameters"]!.AsObject();
        Assert.All(given.AsObject(), parameter => Assert.True(known.ContainsKey(parameter.Key), parameter.Key));
        Assert.All(known.Where(parameter => parameter.Value!["defaultValue"] is null && !IsMadeByAzd(parameter.Value)), parameter => Assert.True(given.AsObject().ContainsKey(parameter.Key), parameter.Key));
    }

    /// <summary>azd makes the keys, as it does with parameters that have no default; they must be as long as the nodes want them.</summary>
    [Fact]
    public async Task Keys_are_made_once_and_are_long_enough()
    {
        (string output, _) = await Main.Value;
        KeyValuePair<string, JsonNode?>[] keys = [.. JsonNode.Parse(output)!["parameters"]!.AsObject().Where(parameter => parameter.Key.EndsWith("Key", StringComparison.Ordinal))];
        Assert.Equal(["clusterKey", "eventKey"], keys.Select(key => key.Key));
        foreach ((_, JsonNode? key) in keys)
        {
            Assert.True(IsMadeByAzd(key!));
            Assert.Null(key!["defaultValue"]);               // which would be another one with each deployment
            Assert.Equal(("securestring", ClusterOptions.ShortestKey), ((string?)key["type"], (int)key["minLength"]!));
            Assert.InRange((int)key["metadata"]!["azd"]!["config"]!["length"]!, ClusterOptions.ShortestKey, 128);
        }
    }

    /// <summary>The hook runs az, which has a login and a subscription of its own, and reads no secret.</summary>
    [Fact]
    public async Task The_hook_names_its_subscription_and_what_the_template_tells()
    {
        (string output, _) = await Main.Value;
        string azure = await File.ReadAllTextAsync(Path.Combine(Root, "azure.yaml"));
        Assert.Contains("--subscription \"$AZURE_SUBSCRIPTION_ID\"", azure, StringComparison.Ordinal);
        Assert.DoesNotContain("keyvault secret show", azure, StringComparison.Ordinal);
        string[] told = [.. JsonNode.Parse(output)!["outputs"]!.AsObject().Select(value => value.Key), "AZURE_SUBSCRIPTION_ID"];
        Assert.All(AzdVariable().Matches(azure), variable => Assert.Contains(variable.Groups[1].Value, told));
        string file = Assert.Single(TemplateFile().Matches(azure)).Groups[1].Value;
        Assert.True(File.Exists(Path.Combine(Root, file)), file);
    }

    private static bool IsMadeByAzd(JsonNode parameter) => (string?)parameter["metadata"]?["azd"]?["type"] == "generate";

    [Fact]
    public async Task Every_variable_that_is_set_for_a_service_is_a_setting()
    {
        string settings = await File.ReadAllTextAsync(Path.Combine(Root, "configs", "mirror.yaml"));
        string[] keys = [.. KeysOf(settings)];
        IEnumerable<string> files = Directory.EnumerateFiles(Path.Combine(Root, "infra"), "*", SearchOption.AllDirectories);
        foreach (string file in files.Where(file => !file.EndsWith(".parameters.json", StringComparison.Ordinal)))
        {
            foreach (Match variable in Variable().Matches(await File.ReadAllTextAsync(file)))
            {
                Assert.True(keys.Contains(variable.Value) || IsForAzd(variable.Value), $"{variable.Value} in {Path.GetRelativePath(Root, file)} is no setting.");
            }
        }
    }

    private static bool IsForAzd(string variable) => variable is "MIRROR_INGEST_CLIENT_ID" or "MIRROR_STORAGE_NAME" or "MIRROR_ORIGIN_URL" or "MIRROR_VIEWER_URL" or "MIRROR_EVENTS_TOPIC_NAME";

    /// <summary>The variable of each key of the configuration file.</summary>
    private static IEnumerable<string> KeysOf(string yaml)
    {
        List<string> path = [];
        foreach (Match line in Key().Matches(yaml))
        {
            int depth = line.Groups["indent"].Length / 2;
            path.RemoveRange(depth, path.Count - depth);
            path.Add(line.Groups["name"].Value);
            yield return "MIRROR_" + string.Join('_', path).ToUpperInvariant();
        }
    }

    private static async Task<(string Output, string Diagnostics)> CompileAsync(string file)
    {
        var start = new ProcessStartInfo(Metadata("BicepPath"), ["build", file, "--stdout"]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["DOTNET_BUNDLE_EXTRACT_BASE_DIR"] = Path.GetTempPath();
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string diagnostics = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (await output, diagnostics);
    }

    private static string Metadata(string key) => typeof(BicepTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;

    [GeneratedRegex(@"\$([A-Z][A-Z_]+)")]
    private static partial Regex AzdVariable();

    [GeneratedRegex(@"--template-file (\S+)")]
    private static partial Regex TemplateFile();

    [GeneratedRegex(@"MIRROR_[A-Z_]+[A-Z]")]
    private static partial Regex Variable();

    [GeneratedRegex(@"^(?<indent> *)(# )?(?<name>[a-z_0-9]+):", RegexOptions.Multiline)]
    private static partial Regex Key();
}
