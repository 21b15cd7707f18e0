using System.Reflection;
using System.Text.RegularExpressions;
using k8s;
using k8s.Models;
using YamlDotNet.RepresentationModel;

namespace Mirror.Infra.Tests;

/// <summary>The Kubernetes manifests are read by the client's own models, which know every field and refuse others.</summary>
public sealed class KubernetesTests
{
    private static readonly string Folder = Path.Combine(typeof(KubernetesTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "RepositoryRoot").Value!,
        "infra", "kubernetes");

    public static TheoryData<string> Manifests => new(Directory.EnumerateFiles(Folder, "*.yaml", SearchOption.AllDirectories)
        .Where(file => Path.GetFileName(file) != "kustomization.yaml").Select(file => Path.GetRelativePath(Folder, file)));

    [Theory, MemberData(nameof(Manifests))]
    public async Task Manifests_have_no_field_that_Kubernetes_does_not_know(string file)
    {
        string text = await File.ReadAllTextAsync(Path.Combine(Folder, file));
        // Of a driver, not of Kubernetes: the client has no model of it.
        string known = string.Join("---\n", Regex.Split(text, "^---\n", RegexOptions.Multiline).Where(document => !document.Contains("kind: SecretProviderClass", StringComparison.Ordinal)));
        List<object> objects = KubernetesYaml.LoadAllFromString(known, strict: true);
        Assert.NotEmpty(objects);
        foreach (V1Deployment deployment in objects.OfType<V1Deployment>())
        {
            V1Container container = Assert.Single(deployment.Spec.Template.Spec.Containers);
            Assert.NotNull(container.ReadinessProbe);
            Assert.Equal(deployment.Spec.Selector.MatchLabels["app"], deployment.Spec.Template.Metadata.Labels["app"]);
        }
        foreach (V1Service service in objects.OfType<V1Service>())
        {
            V1Deployment deployment = objects.OfType<V1Deployment>().Single(candidate => candidate.Spec.Selector.MatchLabels["app"] == service.Spec.Selector["app"]);
            IEnumerable<string> ports = deployment.Spec.Template.Spec.Containers[0].Ports.Select(port => $"{port.Name}/{port.Protocol ?? "TCP"}");
            Assert.All(service.Spec.Ports, port => Assert.Contains($"{port.TargetPort.Value}/{port.Protocol ?? "TCP"}", ports));
        }
    }

    [Fact]
    public async Task The_kustomization_names_every_manifest()
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(await File.ReadAllTextAsync(Path.Combine(Folder, "base", "kustomization.yaml"))));
        var resources = (YamlSequenceNode)((YamlMappingNode)stream.Documents[0].RootNode)["resources"];
        string[] files = [.. Directory.EnumerateFiles(Path.Combine(Folder, "base"), "*.yaml").Select(file => Path.GetFileName(file)).Where(name => name != "kustomization.yaml").Order(StringComparer.Ordinal)];
        Assert.Equal(files, resources.Select(resource => resource.ToString()).Order(StringComparer.Ordinal));
    }
}
