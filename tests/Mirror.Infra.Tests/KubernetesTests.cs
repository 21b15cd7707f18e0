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

    private const int LeastTimeout = 3;                      // seconds: /ready may ask the store for two
    private const long User = 10_001;
    private static readonly string Dockerfile = File.ReadAllText(Path.Combine(Folder, "..", "docker", "Dockerfile"));
    private static readonly string[] Targets = [.. Regex.Matches(Dockerfile, "^FROM runtime AS (\\S+)$", RegexOptions.Multiline).Select(target => target.Groups[1].Value)];

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
            Assert.All(new[] { container.StartupProbe, container.ReadinessProbe, container.LivenessProbe }, probe => Assert.True(probe.TimeoutSeconds >= LeastTimeout));
            Assert.Equal((true, User, User), (container.SecurityContext.RunAsNonRoot, container.SecurityContext.RunAsUser, container.SecurityContext.RunAsGroup));
            string target = container.Name;
            Assert.Contains(target, Targets);
            Assert.True(container.Image == $"mirror-{target}" || container.Image == $"{{{{ .Env.SERVICE_{target.ToUpperInvariant()}_IMAGE_NAME }}}}", container.Image);
            V1PodDisruptionBudget budget = objects.OfType<V1PodDisruptionBudget>().Single(candidate => candidate.Spec.Selector.MatchLabels["app"] == deployment.Spec.Selector.MatchLabels["app"]);
            Assert.True(deployment.Spec.Replicas > 1);
            Assert.Equal("1", budget.Spec.MaxUnavailable.Value);
            Assert.Equal(deployment.Spec.Selector.MatchLabels["app"], deployment.Spec.Template.Metadata.Labels["app"]);
        }
        foreach (V1Service service in objects.OfType<V1Service>())
        {
            V1Deployment deployment = objects.OfType<V1Deployment>().Single(candidate => candidate.Spec.Selector.MatchLabels["app"] == service.Spec.Selector["app"]);
            IEnumerable<string> ports = deployment.Spec.Template.Spec.Containers[0].Ports.Select(port => $"{port.Name}/{port.Protocol ?? "TCP"}");
            Assert.All(service.Spec.Ports, port => Assert.Contains($"{port.TargetPort.Value}/{port.Protocol ?? "TCP"}", ports));
        }
    }

    /// <summary>By its number: Kubernetes cannot tell whether a name is root's.</summary>
    [Fact]
    public void Every_image_runs_as_the_user_of_the_manifests()
    {
        Assert.Equal(5, Targets.Length);
        Assert.Equal(Enumerable.Repeat($"{User}:{User}", Targets.Length), Regex.Matches(Dockerfile, "^USER (\\S+)$", RegexOptions.Multiline).Select(user => user.Groups[1].Value));
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
